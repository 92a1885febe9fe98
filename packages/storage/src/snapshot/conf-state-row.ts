/** The raft configuration as the JSON of the row `confState`: known words, and ids as numbers beyond 2^53. */
import type { ConfState } from "@quorate/raft";

/** @returns undefined when the text is not a configuration. */
export function parseConfStateRow(text: string): ConfState | undefined {
  let value: unknown;
  try {
    // All numbers are ids; in quotes they stay exact.
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

export function formatConfStateRow(state: ConfState): string {
  const lists = {
    voters: state.voters,
    learners: state.learners,
    voters_outgoing: state.votersOutgoing,
    learners_next: state.learnersNext,
  };
  const parts = Object.entries(lists)
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `"${name}":[${list.join(",")}]`);
  return `{${[...parts, `"auto_leave":${state.autoLeave}`].join(",")}}`;
}

function ids(value: unknown): bigint[] {
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === "string").map(BigInt) : [];
}
