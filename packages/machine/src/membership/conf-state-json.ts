/** The raft configuration as the JSON of the `meta` row `confState`. Ids are JSON numbers beyond 2^53. Source: etcd 3.5+. */

export interface StoredConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
  readonly votersOutgoing: readonly bigint[];
  readonly learnersNext: readonly bigint[];
  readonly autoLeave: boolean;
}

export function formatConfState(state: StoredConfState): string {
  const lists: readonly (readonly [string, readonly bigint[]])[] = [
    ["voters", state.voters],
    ["learners", state.learners],
    ["voters_outgoing", state.votersOutgoing],
    ["learners_next", state.learnersNext],
  ];
  const parts = lists
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => `"${name}":[${ids.join(",")}]`);
  return `{${[...parts, `"auto_leave":${state.autoLeave}`].join(",")}}`;
}

/** @returns undefined when the text is not a configuration. */
export function parseConfState(text: string): StoredConfState | undefined {
  let value: unknown;
  try {
    // All keys are known words and all numbers are ids: quoting the numbers keeps them exact.
    value = JSON.parse(text.replace(/\d+/g, '"$&"'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  return {
    voters: ids(fields["voters"]),
    learners: ids(fields["learners"]),
    votersOutgoing: ids(fields["voters_outgoing"]),
    learnersNext: ids(fields["learners_next"]),
    autoLeave: fields["auto_leave"] === true,
  };
}

function ids(value: unknown): bigint[] {
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === "string").map(BigInt) : [];
}
