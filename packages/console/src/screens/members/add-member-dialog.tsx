import { useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useAction, useClients } from "../../data/index.js";
import {
  Button,
  Callout,
  CopyButton,
  Dialog,
  ErrorNote,
  TextArea,
  TextField,
  WaitNote,
} from "../../ui/index.js";
import { foresee } from "./consequence.js";
import { ConsequenceView } from "./consequence-view.js";
import { initialCluster, parsePeerUrls } from "./member-view.js";
import type { ClusterView } from "./member-view.js";

export interface AddMemberDialogProps {
  readonly view: ClusterView;
  readonly learner: boolean;
  readonly onClose: () => void;
}

/** Adding is half of it: the new member must also be started, so the dialog ends with the command for that. */
export function AddMemberDialog({ view, learner, onClose }: AddMemberDialogProps): ReactElement {
  const { cluster } = useClients();
  const [addresses, setAddresses] = useState("");
  const [tried, setTried] = useState(false);
  const [added, setAdded] = useState<readonly string[]>();
  // What was foreseen stays on the screen: the overview already counts the newcomer when the answer comes.
  const [consequence] = useState(() =>
    foresee({ kind: learner ? "add-learner" : "add-voter" }, view.members),
  );
  const parsed = parsePeerUrls(addresses);
  const add = useAction(async (urls: readonly string[]) => {
    await cluster.memberAdd({ peerURLs: [...urls], isLearner: learner });
    setAdded(urls);
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if ("urls" in parsed && !add.busy) void add.run(parsed.urls);
  };
  const what = learner ? "learner" : "voter";
  if (added !== undefined) return <StartCommand view={view} urls={added} what={what} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Add a ${what}`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="add-member"
            variant={consequence.tone === "danger" ? "danger" : "primary"}
            busy={add.busy}
          >
            Add {what}
          </Button>
        </>
      }
    >
      <form id="add-member" className="members-form" onSubmit={submit}>
        <TextArea
          mono
          rows={2}
          label="Peer addresses of the new member"
          description="Where the other members will reach it, one a line."
          placeholder="http://10.0.0.4:2380"
          value={addresses}
          onChange={setAddresses}
          error={tried && "problem" in parsed ? parsed.problem : undefined}
        />
        {consequence.tone === "danger" ? (
          <Callout tone="bad">
            <p className="members-headline">{consequence.headline}</p>
          </Callout>
        ) : (
          <p className="members-headline">{consequence.headline}</p>
        )}
        <ConsequenceView consequence={consequence} />
        {add.error !== undefined && <ErrorNote error={add.error} />}
        <WaitNote waiting={add.busy} />
      </form>
    </Dialog>
  );
}

interface StartCommandProps {
  readonly view: ClusterView;
  readonly urls: readonly string[];
  readonly what: string;
  readonly onClose: () => void;
}

function StartCommand({ view, urls, what, onClose }: StartCommandProps): ReactElement {
  // Whether the overview knows the newcomer yet or not: it has no name.
  const named = view.members.filter((member) => member.name !== "").length;
  const [name, setName] = useState(`member-${named + 1}`);
  const flags = [
    `--name ${name}`,
    `--initial-cluster-state existing`,
    `--initial-cluster ${initialCluster(view.members, name, urls)}`,
    `--initial-advertise-peer-urls ${urls.join(",")}`,
    `--listen-peer-urls ${urls.join(",")}`,
  ].join(" \\\n  ");
  return (
    <Dialog
      open
      onClose={onClose}
      title={`The ${what} is added. Now start it`}
      description="With an empty data directory and these flags, besides your own. It appears here with its name once it runs."
      footer={
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <TextField mono label="Name of the new member" value={name} onChange={setName} />
      <div className="members-command">
        <pre tabIndex={0} aria-label="Flags for the new member">
          {flags}
        </pre>
        <CopyButton label="Copy flags" text={flags} />
      </div>
    </Dialog>
  );
}
