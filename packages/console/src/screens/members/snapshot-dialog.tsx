import { Download } from "lucide-react";
import type { ReactElement } from "react";
import { useClusterId } from "../../data/index.js";
import { formatBytes } from "../../text/format.js";
import { Button, CopyButton, Dialog } from "../../ui/index.js";
import { storeUse } from "./member-view.js";
import type { ClusterView } from "./member-view.js";

/** A download is a plain link: the browser streams it to disk, whatever its size. */
export function SnapshotDialog({
  view,
  onClose,
}: {
  readonly view: ClusterView;
  readonly onClose: () => void;
}): ReactElement {
  const clusterId = useClusterId();
  const address = `/api/snapshot?cluster=${encodeURIComponent(clusterId)}`;
  const sizes = view.members.flatMap(({ status }) =>
    status === undefined ? [] : [storeUse(status).fileBytes],
  );
  const check = "etcdutl snapshot status snapshot.db -w table";
  return (
    <Dialog
      open
      onClose={onClose}
      size="s"
      title="Download a snapshot"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <a className="q-button is-primary" href={address} download onClick={onClose}>
            <Download size={15} aria-hidden />
            Download
          </a>
        </>
      }
    >
      <div className="members-foresight">
        <p className="members-headline">Nothing is interrupted: votes and availability stay as they are.</p>
        <ul className="members-details">
          <li>
            One member sends its whole store as it is now
            {sizes.length > 0 && <>, up to {formatBytes(Math.max(...sizes))}</>}. Sending costs it disk and
            network meanwhile.
          </li>
          <li>The file is etcd&apos;s own format: etcdutl restores it into an etcd or a Quorate cluster.</li>
          <li>
            It holds every key and value, and the users with their password hashes. Keep it as safe as the
            cluster.
          </li>
        </ul>
        <div className="members-command">
          <pre tabIndex={0} aria-label="Command that checks the file">
            {check}
          </pre>
          <CopyButton label="Copy command" text={check} />
        </div>
      </div>
    </Dialog>
  );
}
