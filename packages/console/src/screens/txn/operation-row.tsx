import { ArrowDown, ArrowUp, X } from "lucide-react";
import type { ReactElement } from "react";
import { Checkbox, IconButton, Select, TextField } from "../../ui/index.js";
import { emptyOperation } from "./draft.js";
import type { DeleteDraft, GetDraft, OperationDraft, PutDraft } from "./draft.js";
import { ReachFields } from "./reach-fields.js";
import type { ProblemsAt } from "./problems.js";

export interface OperationRowProps<T extends OperationDraft> {
  readonly value: T;
  readonly onChange: (value: OperationDraft) => void;
  readonly problems: ProblemsAt;
  readonly name: string;
}

export interface RowFrameProps {
  readonly value: OperationDraft;
  readonly name: string;
  readonly onChange: (value: OperationDraft) => void;
  readonly onRemove: () => void;
  readonly onMove: (step: -1 | 1) => void;
  /** Whether a transaction may stand here: nesting has an end. */
  readonly mayNest: boolean;
  readonly children: ReactElement;
}

const operationLabels = { get: "Get", put: "Put", delete: "Delete", txn: "Transaction" } as const;

/** What all operations share: their kind, their place, and the way out. */
export function RowFrame(props: RowFrameProps): ReactElement {
  const { value, name, onChange, onRemove, onMove, mayNest, children } = props;
  const kinds = (["put", "get", "delete", "txn"] as const).filter(
    (op) => op !== "txn" || mayNest || value.op === "txn",
  );
  return (
    <li className={value.op === "txn" ? "txn-row is-nested" : "txn-row"}>
      <Select
        className="txn-op"
        label={`${name}: kind`}
        hideLabel
        value={value.op}
        onChange={(op) => op !== value.op && onChange(emptyOperation(op, "key" in value ? value.key : ""))}
        options={kinds.map((op) => ({ value: op, label: operationLabels[op] }))}
      />
      {children}
      <span className="txn-row-tools">
        <IconButton
          label={`Move ${name.toLowerCase()} up`}
          icon={<ArrowUp />}
          size="s"
          onClick={() => onMove(-1)}
          tooltip={false}
        />
        <IconButton
          label={`Move ${name.toLowerCase()} down`}
          icon={<ArrowDown />}
          size="s"
          onClick={() => onMove(1)}
          tooltip={false}
        />
        <IconButton
          label={`Remove ${name.toLowerCase()}`}
          icon={<X />}
          size="s"
          onClick={onRemove}
          tooltip={false}
        />
      </span>
    </li>
  );
}

export function PutFields({ value, onChange, problems, name }: OperationRowProps<PutDraft>): ReactElement {
  const change = (part: Partial<PutDraft>): void => onChange({ ...value, ...part });
  return (
    <div className="txn-fields">
      <TextField
        mono
        label={`${name}: key`}
        hideLabel
        placeholder="key"
        value={value.key}
        onChange={(key) => change({ key })}
        error={problems("key")}
      />
      <TextField
        mono
        className="is-wide"
        label={`${name}: value`}
        hideLabel
        placeholder="value"
        value={value.value}
        onChange={(text) => change({ value: text })}
        error={problems("value")}
      />
      <TextField
        mono
        label={`${name}: lease in hexadecimal`}
        hideLabel
        placeholder="lease, if any"
        value={value.lease}
        onChange={(lease) => change({ lease })}
        error={problems("lease")}
      />
      <Checkbox
        label="answer the value before"
        checked={value.previous}
        onChange={(previous) => change({ previous })}
      />
    </div>
  );
}

export function GetFields({ value, onChange, problems, name }: OperationRowProps<GetDraft>): ReactElement {
  const change = (part: Partial<GetDraft>): void => onChange({ ...value, ...part });
  return (
    <div className="txn-fields">
      <ReachFields
        name={name}
        hideLabels
        value={value}
        onChange={change}
        keyError={problems("key")}
        endError={problems("end")}
      />
      <Select
        label={`${name}: what to answer`}
        hideLabel
        value={value.show}
        onChange={(show) => change({ show })}
        options={[
          { value: "all", label: "keys and values" },
          { value: "keys", label: "keys only" },
          { value: "count", label: "count only" },
        ]}
      />
      <TextField
        mono
        label={`${name}: limit`}
        hideLabel
        placeholder="no limit"
        inputMode="numeric"
        value={value.limit}
        onChange={(limit) => change({ limit })}
        error={problems("limit")}
      />
    </div>
  );
}

export function DeleteFields({
  value,
  onChange,
  problems,
  name,
}: OperationRowProps<DeleteDraft>): ReactElement {
  const change = (part: Partial<DeleteDraft>): void => onChange({ ...value, ...part });
  return (
    <div className="txn-fields">
      <ReachFields
        name={name}
        hideLabels
        value={value}
        onChange={change}
        keyError={problems("key")}
        endError={problems("end")}
      />
      <Checkbox
        label="answer what was deleted"
        checked={value.previous}
        onChange={(previous) => change({ previous })}
      />
    </div>
  );
}
