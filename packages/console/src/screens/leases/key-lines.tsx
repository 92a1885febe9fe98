import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { escapeBytes } from "../../text/escape.js";
import { formatCount } from "../../text/format.js";
import { KeyText } from "../../ui/index.js";

/** More than a person reads; the figure above tells how many there are. */
const linesMax = 200;

/** Keys of a lease, each leading to where it can be read. */
export function KeyLines({
  keys,
  label,
}: {
  readonly keys: readonly Uint8Array[];
  readonly label: string;
}): ReactElement {
  return (
    <>
      <ul className="leases-keys" aria-label={label} tabIndex={0}>
        {keys.slice(0, linesMax).map((key) => (
          <li key={escapeBytes(key)}>
            <KeyLink bytes={key} />
          </li>
        ))}
      </ul>
      {keys.length > linesMax && (
        <p className="leases-none">and {formatCount(keys.length - linesMax)} more</p>
      )}
    </>
  );
}

export function KeyLink({ bytes }: { readonly bytes: Uint8Array }): ReactElement {
  return (
    <Link to="/keys" search={{ key: escapeBytes(bytes) } as never}>
      <KeyText bytes={bytes} />
    </Link>
  );
}
