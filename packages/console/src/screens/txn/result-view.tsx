import type { etcdserverpb, mvccpb } from "@quorate/proto";
import type { ReactElement } from "react";
import { escapeBytes } from "../../text/escape.js";
import { formatCount, plural } from "../../text/format.js";
import { Badge, KeyText } from "../../ui/index.js";
import { KeyLink } from "../leases/key-lines.js";
import type { OperationDraft, TxnDraft } from "./draft.js";

export interface ResultViewProps {
  /** What was run, for naming each answer after its operation. */
  readonly draft: TxnDraft;
  readonly answer: etcdserverpb.TxnResponse;
  /** A nested transaction has no revision of its own. */
  readonly nested?: boolean;
}

/** Keys of one answer that are listed; more are told as a number. */
const rowsMax = 50;

export function ResultView({ draft, answer, nested = false }: ResultViewProps): ReactElement {
  const operations = answer.succeeded ? draft.success : draft.failure;
  return (
    <div className={nested ? "txn-result is-nested" : "txn-result"}>
      <p className="txn-verdict">
        <Badge tone={answer.succeeded ? "good" : "warn"} dot>
          {answer.succeeded ? "Then" : "Else"}
        </Badge>
        <span>
          {verdict(draft, answer.succeeded)}
          {!nested && answer.header !== undefined && (
            <> The store is at revision {formatCount(answer.header.revision)}.</>
          )}
        </span>
      </p>
      {operations.length === 0 ? (
        <p className="txn-nothing">This branch has no operations, so nothing was done.</p>
      ) : (
        <ol className="txn-answers">
          {answer.responses.map((response, at) => (
            <li key={at}>
              <OneAnswer operation={operations[at]} response={response} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function verdict(draft: TxnDraft, succeeded: boolean): string {
  if (draft.compares.length === 0) return "There was no condition.";
  if (succeeded) return draft.compares.length === 1 ? "The condition held." : "All conditions held.";
  return draft.compares.length === 1 ? "The condition did not hold." : "At least one condition did not hold.";
}

interface OneAnswerProps {
  readonly operation: OperationDraft | undefined;
  readonly response: etcdserverpb.ResponseOp;
}

function OneAnswer({ operation, response: { response } }: OneAnswerProps): ReactElement {
  switch (response.case) {
    case "responsePut":
      return (
        <>
          <p>Put {operation?.op === "put" && <code>{operation.key}</code>}</p>
          {response.value.prevKv !== undefined && <Pairs title="Before" pairs={[response.value.prevKv]} />}
        </>
      );
    case "responseDeleteRange":
      return (
        <>
          <p>Deleted {plural(response.value.deleted, "key")}</p>
          {response.value.prevKvs.length > 0 && <Pairs title="Before" pairs={response.value.prevKvs} />}
        </>
      );
    case "responseRange":
      return (
        <>
          <p>
            Found {plural(response.value.count, "key")}
            {response.value.more && <> , {formatCount(response.value.kvs.length)} of them answered</>}
          </p>
          {response.value.kvs.length > 0 && <Pairs title="Found" pairs={response.value.kvs} />}
        </>
      );
    case "responseTxn":
      return operation?.op === "txn" ? (
        <ResultView draft={operation.txn} answer={response.value} nested />
      ) : (
        <p>A nested transaction</p>
      );
    case undefined:
      return <p>No answer</p>;
  }
}

function Pairs({
  title,
  pairs,
}: {
  readonly title: string;
  readonly pairs: readonly mvccpb.KeyValue[];
}): ReactElement {
  return (
    <>
      <dl className="txn-pairs" aria-label={title}>
        {pairs.slice(0, rowsMax).map((pair) => (
          <div key={escapeBytes(pair.key)}>
            <dt>
              <KeyLink bytes={pair.key} />
            </dt>
            <dd>
              <KeyText bytes={pair.value} truncate />
            </dd>
          </div>
        ))}
      </dl>
      {pairs.length > rowsMax && (
        <p className="txn-nothing">and {formatCount(pairs.length - rowsMax)} more</p>
      )}
    </>
  );
}
