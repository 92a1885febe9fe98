/** Finds every range of an operation together with both servers' answers to it, however deep in a transaction. */
import type { etcdserverpb, Message } from "@quorate/proto";
import type { Operation } from "./operation.js";

export interface RangePair {
  readonly request: etcdserverpb.RangeRequest;
  readonly subject: etcdserverpb.RangeResponse;
  readonly reference: etcdserverpb.RangeResponse;
}

/** Pairs up to the first place where the answers have different shapes; a comparison will find that place. */
export function pairRanges(operation: Operation, subject: Message, reference: Message): RangePair[] {
  if (operation.kind === "range") {
    const [ours, theirs] = [subject, reference] as etcdserverpb.RangeResponse[];
    return ours === undefined || theirs === undefined
      ? []
      : [{ request: operation.request, subject: ours, reference: theirs }];
  }
  if (operation.kind !== "txn") return [];
  return pairInTxn(
    operation.request,
    subject as etcdserverpb.TxnResponse,
    reference as etcdserverpb.TxnResponse,
  );
}

function pairInTxn(
  request: etcdserverpb.TxnRequest,
  subject: etcdserverpb.TxnResponse,
  reference: etcdserverpb.TxnResponse,
): RangePair[] {
  if (subject.succeeded !== reference.succeeded) return [];
  const taken = subject.succeeded ? request.success : request.failure;
  return taken.flatMap(({ request: asked }, place) => {
    const ours = subject.responses[place]?.response;
    const theirs = reference.responses[place]?.response;
    if (asked.case === "requestRange" && ours?.case === "responseRange" && theirs?.case === "responseRange") {
      return [{ request: asked.value, subject: ours.value, reference: theirs.value }];
    }
    if (asked.case === "requestTxn" && ours?.case === "responseTxn" && theirs?.case === "responseTxn") {
      return pairInTxn(asked.value, ours.value, theirs.value);
    }
    return [];
  });
}
