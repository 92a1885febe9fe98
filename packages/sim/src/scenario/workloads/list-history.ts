/** Transactions over lists, as their clients saw them. */

export type ListOperation =
  /** Elements put at the end of a list, in this order, in one step. An element is never appended twice, to whatever list. */
  | { readonly kind: "append"; readonly key: string; readonly elements: readonly number[] }
  /** The whole list, as it was before what the same transaction appends to it. */
  | { readonly kind: "read"; readonly key: string; readonly elements: readonly number[] };

export interface ListTransaction {
  readonly id: number;
  readonly client: number;
  readonly operations: readonly ListOperation[];
  /** `unknown` if it may have happened, or may happen later; reads without an answer are left out. */
  readonly outcome: "ok" | "failed" | "unknown";
  /** Of the store when it was carried out; undefined without an answer. */
  readonly revision: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

export function describeTransaction({
  id,
  client,
  operations,
  outcome,
  revision,
  startMs,
  endMs,
}: ListTransaction): string {
  const steps = operations.map(
    ({ kind, key, elements }) =>
      `${kind} ${key} [${elements.length > 8 ? "..." : ""}${elements.slice(-8).join(" ")}]`,
  );
  const when = `${startMs.toFixed(1)}-${endMs.toFixed(1)} ms`;
  return `T${id} client ${client} ${when} ${outcome} at revision ${revision ?? "?"}: ${steps.join("; ")}`;
}
