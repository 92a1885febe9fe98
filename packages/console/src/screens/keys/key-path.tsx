import { Fragment } from "react";
import type { ReactElement } from "react";
import { KeyText } from "../../ui/index.js";

export interface KeyPathProps {
  readonly bytes: Uint8Array;
  /** Chooses the prefix that ends with the clicked part. */
  readonly onPrefix: (prefix: Uint8Array) => void;
}

/** A key whose folders lead to themselves. */
export function KeyPath({ bytes, onPrefix }: KeyPathProps): ReactElement {
  const cuts: number[] = [];
  bytes.forEach((byte, at) => {
    if (byte === 0x2f && at < bytes.length - 1) cuts.push(at + 1);
  });
  const last = cuts.at(-1) ?? 0;
  return (
    <span className="keys-path">
      {cuts.map((end, at) => (
        <Fragment key={end}>
          <button onClick={() => onPrefix(bytes.slice(0, end))}>
            <KeyText bytes={bytes.slice(cuts[at - 1] ?? 0, end)} />
          </button>
          <wbr />
        </Fragment>
      ))}
      <KeyText bytes={bytes.slice(last)} className="keys-path-name" />
    </span>
  );
}
