import { X } from "lucide-react";
import type { ReactElement } from "react";
import { IconButton, Select, TextField } from "../../ui/index.js";
import { RELATIONS, TARGETS } from "./draft.js";
import type { CompareDraft, Relation, Target } from "./draft.js";
import { ReachFields } from "./reach-fields.js";
import type { ProblemsAt } from "./problems.js";

const targetLabels: Readonly<Record<Target, string>> = {
  version: "version",
  create: "create revision",
  mod: "mod revision",
  value: "value",
  lease: "lease",
};

const relationLabels: Readonly<Record<Relation, string>> = {
  "=": "is",
  "!=": "is not",
  ">": "is above",
  "<": "is below",
};

const operandHints: Readonly<Record<Target, string>> = {
  version: "0 if it must not exist",
  create: "0 if it must not exist",
  mod: "0 if it must not exist",
  value: "value",
  lease: "ID in hexadecimal",
};

export interface CompareRowProps {
  readonly value: CompareDraft;
  readonly onChange: (value: CompareDraft) => void;
  readonly onRemove: () => void;
  readonly problems: ProblemsAt;
  readonly name: string;
}

/** Reads as a sentence: the mod revision of this key is 7. */
export function CompareRow({ value, onChange, onRemove, problems, name }: CompareRowProps): ReactElement {
  const change = (part: Partial<CompareDraft>): void => onChange({ ...value, ...part });
  return (
    <li className="txn-row">
      <Select<Target>
        className="txn-target"
        label={`${name}: what of it`}
        hideLabel
        value={value.target}
        onChange={(target) => change({ target })}
        options={TARGETS.map((target) => ({ value: target, label: targetLabels[target] }))}
      />
      <span className="txn-word">of</span>
      <ReachFields
        name={name}
        hideLabels
        value={value}
        onChange={change}
        keyError={problems("key")}
        endError={problems("end")}
      />
      <Select<Relation>
        className="txn-relation"
        label={`${name}: relation`}
        hideLabel
        value={value.relation}
        onChange={(relation) => change({ relation })}
        options={RELATIONS.map((relation) => ({ value: relation, label: relationLabels[relation] }))}
      />
      <TextField
        mono
        className="txn-operand"
        label={`${name}: ${value.target === "value" ? "value" : "number"}`}
        hideLabel
        placeholder={operandHints[value.target]}
        value={value.operand}
        onChange={(operand) => change({ operand })}
        error={problems("operand")}
      />
      <IconButton label={`Remove ${name.toLowerCase()}`} icon={<X />} onClick={onRemove} tooltip={false} />
    </li>
  );
}
