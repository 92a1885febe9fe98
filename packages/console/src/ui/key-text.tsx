import { useMemo } from "react";
import type { ReactElement } from "react";
import { escapeBytes } from "../text/escape.js";
import { classNames } from "./class-names.js";
import "./key-text.css";

export interface KeyTextProps {
  readonly bytes: Uint8Array;
  /** Dims everything up to the last slash, so that the eye finds the name. */
  readonly emphasis?: boolean | undefined;
  /** One line that ends in an ellipsis instead of wrapping. */
  readonly truncate?: boolean | undefined;
  readonly className?: string | undefined;
}

const escapePattern = /(\\(?:x[0-9a-f]{2}|u\{[0-9a-f]+\}|[nrt\\]))/;

/** A key, or any short bytes, shown so that nothing in it stays unseen; escapes stand out from what is written. */
export function KeyText({
  bytes,
  emphasis = false,
  truncate = false,
  className,
}: KeyTextProps): ReactElement {
  const text = useMemo(() => escapeBytes(bytes), [bytes]);
  if (bytes.length === 0) return <span className={classNames("q-key is-empty", className)}>(empty)</span>;
  const split = emphasis ? text.lastIndexOf("/", text.length - 2) + 1 : 0;
  return (
    <span
      className={classNames("q-key", truncate && "is-truncated", className)}
      title={truncate ? text : undefined}
    >
      {split > 0 && <span className="q-key-path">{withEscapes(text.slice(0, split))}</span>}
      {withEscapes(text.slice(split))}
    </span>
  );
}

function withEscapes(text: string): ReactElement | string {
  if (!text.includes("\\")) return text;
  return (
    <>
      {text.split(escapePattern).map((part, at) =>
        at % 2 === 1 ? (
          <span key={at} className="q-key-escape">
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}
