import { useNavigate } from "@tanstack/react-router";
import { Activity, ArrowLeft, FolderInput, Trash2 } from "lucide-react";
import { useState } from "react";
import type { ReactElement } from "react";
import { keepCluster } from "../../app/url-state.js";
import type { Search } from "../../app/url-state.js";
import { useMayWrite } from "../../data/index.js";
import { etcdctl, quoteTypeScript, sdkCall } from "../../text/commands.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount, plural } from "../../text/format.js";
import {
  Button,
  CopyAs,
  CopyButton,
  ErrorNote,
  IconButton,
  Stat,
  Stats,
  Tooltip,
  useToast,
} from "../../ui/index.js";
import { DeletePrefixDialog } from "./delete-dialogs.js";
import type { KeyEvents } from "./key-events.js";
import { KeyPath } from "./key-path.js";
import type { KeysState, SetKeysState } from "./keys-state.js";
import { useKeyCount } from "./use-key-count.js";

export interface FolderDetailProps {
  readonly folder: Uint8Array;
  readonly state: KeysState;
  readonly set: SetKeysState;
  readonly events: KeyEvents;
  readonly onBack?: (() => void) | undefined;
}

/** A prefix and what can be done with all that begins with it. */
export function FolderDetail({ folder, state, set, events, onBack }: FolderDetailProps): ReactElement {
  const navigate = useNavigate();
  const toast = useToast();
  const write = useMayWrite(state.rev);
  const [deleting, setDeleting] = useState(false);
  const title = escapeBytes(folder);
  const { count, query } = useKeyCount(folder, state.rev, events);
  return (
    <section className="keys-detail" aria-label={`Folder ${title}`}>
      <header className="keys-head">
        {onBack !== undefined && (
          <IconButton label="Back to the keys" icon={<ArrowLeft />} onClick={onBack} />
        )}
        <h2>
          <KeyPath bytes={folder} onPrefix={(prefix) => set({ prefix, q: "" }, { push: true })} />
        </h2>
        <div className="keys-head-actions">
          <CopyButton label="Copy the prefix" text={title} />
          <CopyAs
            etcdctl={etcdctl(
              "get",
              [folder],
              ["--prefix", ...(state.rev === 0n ? [] : [`--rev=${state.rev}`])],
            )}
            typescript={sdkCall(
              "getAll",
              [`{ prefix: ${quoteTypeScript(folder)} }`],
              state.rev === 0n ? {} : { revision: `${state.rev}n` },
            )}
          />
        </div>
      </header>
      <div className="keys-folder">
        {query.isError ? (
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Stats>
            <Stat
              label="Keys"
              value={count === undefined ? "…" : formatCount(count)}
              detail="in this folder and below"
            />
          </Stats>
        )}
        <div className="keys-folder-actions">
          <Button
            icon={<FolderInput />}
            onClick={() => set({ prefix: folder, folder: undefined, q: "" }, { push: true })}
          >
            Only show this folder
          </Button>
          <Button
            icon={<Activity />}
            onClick={() =>
              void navigate({
                to: "/live",
                search: (previous: Search) => ({ ...keepCluster(previous), prefix: title }),
              })
            }
          >
            Watch it live
          </Button>
          <Tooltip text={write.reason ?? "Counts first, and asks"}>
            <Button icon={<Trash2 />} disabled={!write.allowed} onClick={() => setDeleting(true)}>
              Delete all of it…
            </Button>
          </Tooltip>
        </div>
      </div>
      <DeletePrefixDialog
        open={deleting}
        prefix={folder}
        onClose={() => setDeleting(false)}
        onDeleted={(deleted) => {
          toast.success(`Deleted ${plural(deleted, "key")}`, title);
          set({ folder: undefined });
        }}
      />
    </section>
  );
}
