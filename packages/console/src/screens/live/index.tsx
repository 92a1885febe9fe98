import type { ReactElement } from "react";
import { EmptyState } from "../../ui/index.js";

export function Screen(): ReactElement {
  return <EmptyState title="Nothing here yet" />;
}
