import type { ReactElement } from "react";
import { WaitNote } from "./wait-note.js";
import "./feedback.css";

/** Lines where text will be. Appears only after a moment, so that quick answers do not flicker; after a longer one it says what it waits for. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }): ReactElement {
  return (
    <>
      <div className="q-skeleton" role="status" aria-label="Loading">
        {Array.from({ length: lines }, (_, at) => (
          <span key={at} style={{ width: `${92 - ((at * 37) % 45)}%` }} />
        ))}
      </div>
      <WaitNote waiting />
    </>
  );
}
