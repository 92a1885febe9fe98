/** `v1 l2 r3 u4` as conf changes: voter, learner, remove, update. */
import { type ConfChangeSingle, ConfChangeType } from "../types/conf-change.js";

const types: Readonly<Record<string, ConfChangeType>> = {
  v: ConfChangeType.ConfChangeAddNode,
  l: ConfChangeType.ConfChangeAddLearnerNode,
  r: ConfChangeType.ConfChangeRemoveNode,
  u: ConfChangeType.ConfChangeUpdateNode,
};

export function parseChanges(text: string): ConfChangeSingle[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((token) => token !== "")
    .map((token) => {
      const type = types[token.charAt(0)];
      if (type === undefined) throw new Error(`unknown input: ${token}`);
      return { type, nodeId: BigInt(token.slice(1)) };
    });
}
