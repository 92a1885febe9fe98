import type { ReactElement } from "react";
import "./feedback.css";

/** Something is under way. With a label it is told to screen readers too. */
export function Spinner({ label }: { readonly label?: string }): ReactElement {
  return <span className="q-spinner" role={label === undefined ? undefined : "status"} aria-label={label} />;
}
