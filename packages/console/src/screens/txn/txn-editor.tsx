/** One transaction: conditions, what to do if all hold, what to do otherwise. Nested ones are the same editor again. */
import { Plus } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { Button, Callout, classNames } from "../../ui/index.js";
import type { Problem } from "./build.js";
import { CompareRow } from "./compare-row.js";
import { emptyCompare, emptyOperation, NESTING_MAX } from "./draft.js";
import type { Branch, OperationDraft, TxnDraft } from "./draft.js";
import { moveBy, removeAt, replaceAt } from "./edit.js";
import { DeleteFields, GetFields, PutFields, RowFrame } from "./operation-row.js";
import { problemsAt } from "./problems.js";

export interface TxnEditorProps {
  readonly value: TxnDraft;
  readonly onChange: (value: TxnDraft) => void;
  readonly problems: readonly Problem[];
  /** Place of this transaction in the draft: empty, or such as `success.0.txn.`. */
  readonly path: string;
  readonly depth: number;
}

const words: Readonly<Record<Branch, { readonly title: string; readonly note: string }>> = {
  success: { title: "Then", note: "if all conditions hold" },
  failure: { title: "Else", note: "if one does not" },
};

export function TxnEditor(props: TxnEditorProps): ReactElement {
  const { value, onChange, problems, path, depth } = props;
  const setCompares = (compares: TxnDraft["compares"]): void => onChange({ ...value, compares });
  return (
    <div className={classNames("txn-editor", depth > 1 && "is-nested")}>
      <Part
        title="If"
        note={value.compares.length === 0 ? "nothing is asked: always" : "all of these hold"}
        tone="if"
        problem={problemsAt(problems, path)("compares")}
        actions={
          <Button
            size="s"
            variant="quiet"
            icon={<Plus />}
            onClick={() => setCompares([...value.compares, emptyCompare()])}
          >
            Condition
          </Button>
        }
      >
        {value.compares.length > 0 && (
          <ol className="txn-rows">
            {value.compares.map((compare, at) => (
              <CompareRow
                key={at}
                name={`Condition ${at + 1}`}
                value={compare}
                onChange={(next) => setCompares(replaceAt(value.compares, at, next))}
                onRemove={() => setCompares(removeAt(value.compares, at))}
                problems={problemsAt(problems, `${path}compares.${at}.`)}
              />
            ))}
          </ol>
        )}
      </Part>
      <div className="txn-branches">
        <BranchEditor {...props} branch="success" />
        <BranchEditor {...props} branch="failure" />
      </div>
    </div>
  );
}

function BranchEditor(props: TxnEditorProps & { readonly branch: Branch }): ReactElement {
  const { value, onChange, problems, path, depth, branch } = props;
  const list = value[branch];
  const { title, note } = words[branch];
  const set = (operations: readonly OperationDraft[]): void => onChange({ ...value, [branch]: operations });
  return (
    <Part
      title={title}
      note={note}
      tone={branch === "success" ? "then" : "else"}
      problem={problemsAt(problems, path)(branch)}
      actions={
        <>
          {(["put", "get", "delete"] as const).map((op) => (
            <Button
              key={op}
              size="s"
              variant="quiet"
              icon={<Plus />}
              onClick={() => set([...list, emptyOperation(op)])}
            >
              {{ put: "Put", get: "Get", delete: "Delete" }[op]}
            </Button>
          ))}
          {depth < NESTING_MAX && (
            <Button
              size="s"
              variant="quiet"
              icon={<Plus />}
              onClick={() => set([...list, emptyOperation("txn")])}
            >
              Nested
            </Button>
          )}
        </>
      }
    >
      {list.length === 0 ? (
        <p className="txn-nothing">Do nothing.</p>
      ) : (
        <ol className="txn-rows">
          {list.map((operation, at) => {
            const name = `${title} ${at + 1}`;
            const rowPath = `${path}${branch}.${at}.`;
            const change = (next: OperationDraft): void => set(replaceAt(list, at, next));
            const fields = { onChange: change, problems: problemsAt(problems, rowPath), name };
            return (
              <RowFrame
                key={at}
                value={operation}
                name={name}
                onChange={change}
                onRemove={() => set(removeAt(list, at))}
                onMove={(step) => set(moveBy(list, at, step))}
                mayNest={depth < NESTING_MAX}
              >
                {operation.op === "put" ? (
                  <PutFields value={operation} {...fields} />
                ) : operation.op === "get" ? (
                  <GetFields value={operation} {...fields} />
                ) : operation.op === "delete" ? (
                  <DeleteFields value={operation} {...fields} />
                ) : (
                  <TxnEditor
                    value={operation.txn}
                    onChange={(txn) => change({ op: "txn", txn })}
                    problems={problems}
                    path={`${rowPath}txn.`}
                    depth={depth + 1}
                  />
                )}
              </RowFrame>
            );
          })}
        </ol>
      )}
    </Part>
  );
}

interface PartProps {
  readonly title: string;
  readonly note: string;
  readonly tone: "if" | "then" | "else";
  readonly problem: string | undefined;
  readonly actions: ReactNode;
  readonly children: ReactNode;
}

function Part({ title, note, tone, problem, actions, children }: PartProps): ReactElement {
  return (
    <section className={`txn-part is-${tone}`}>
      <header className="txn-part-head">
        <h2>
          {title} <span className="txn-note">{note}</span>
        </h2>
        <span className="txn-part-actions">{actions}</span>
      </header>
      {problem !== undefined && <Callout tone="bad">{problem}</Callout>}
      {children}
    </section>
  );
}
