/** What a server answered, made comparable: identities masked, everything else as it was. */
import { toBinary } from "@quorate/proto";
import type { DescMessage, etcdserverpb, Message } from "@quorate/proto";
import type { Outcome } from "../harness/wire-client.js";
import { METHODS, describeMessage } from "./operation.js";
import type { Operation } from "./operation.js";

export type AnyOutcome = Outcome<Message>;

/** Blanks what has to differ between two clusters: their ids and the term. The revision stays. */
export function maskHeader(outcome: AnyOutcome): AnyOutcome {
  if (!outcome.ok) return outcome;
  const header = (outcome.message as { header?: etcdserverpb.ResponseHeader }).header;
  if (header !== undefined) {
    header.clusterId = 0n;
    header.memberId = 0n;
    header.raftTerm = 0n;
  }
  return outcome;
}

/** Equal status and text, or equal messages to the last byte, unknown fields included. */
export function equalOutcomes(operation: Operation, left: AnyOutcome, right: AnyOutcome): boolean {
  if (!left.ok || !right.ok)
    return !left.ok && !right.ok && left.code === right.code && left.text === right.text;
  const schema = METHODS[operation.kind].output;
  return Buffer.compare(encode(schema, left.message), encode(schema, right.message)) === 0;
}

export function describeOutcome(operation: Operation, outcome: AnyOutcome): string {
  if (!outcome.ok) return `error ${outcome.code} ${JSON.stringify(outcome.text)}`;
  return describeMessage(METHODS[operation.kind].output, outcome.message);
}

/** The store's revision as the answer tells it; undefined for an error. */
export function revisionOf(outcome: AnyOutcome): number | undefined {
  if (!outcome.ok) return undefined;
  const header = (outcome.message as { header?: etcdserverpb.ResponseHeader }).header;
  return header === undefined ? undefined : Number(header.revision);
}

function encode(schema: DescMessage, message: Message): Uint8Array {
  return toBinary(schema, message);
}
