import type { ReactElement } from "react";
import { Select, TextField } from "../../ui/index.js";
import { REACH_LABELS, REACHES } from "./key-reach.js";
import type { KeyDraft, Reach } from "./key-reach.js";

export interface ReachFieldsProps {
  readonly value: KeyDraft;
  readonly onChange: (change: Partial<KeyDraft>) => void;
  readonly keyError?: string | undefined;
  readonly endError?: string | undefined;
  /** Goes in front of each label for assistive technology: "Condition 1". */
  readonly name: string;
  readonly hideLabels?: boolean | undefined;
  readonly disabled?: boolean | undefined;
}

/** One key or a range of keys. */
export function ReachFields(props: ReachFieldsProps): ReactElement {
  const { value, onChange, keyError, endError, name, hideLabels, disabled } = props;
  return (
    <div className="txn-reach">
      <Select<Reach>
        className="txn-reach-select"
        label={`${name}: which keys`}
        hideLabel={hideLabels}
        value={value.reach}
        onChange={(reach) => onChange({ reach })}
        disabled={disabled}
        options={REACHES.map((reach) => ({ value: reach, label: REACH_LABELS[reach] }))}
      />
      <TextField
        mono
        label={`${name}: key`}
        hideLabel={hideLabels}
        placeholder={value.reach === "prefix" ? "prefix, empty for all" : "key"}
        value={value.key}
        onChange={(key) => onChange({ key })}
        error={keyError}
        disabled={disabled}
      />
      {value.reach === "until" && (
        <TextField
          mono
          label={`${name}: end, not included`}
          hideLabel={hideLabels}
          placeholder="end, not included"
          value={value.end}
          onChange={(end) => onChange({ end })}
          error={endError}
          disabled={disabled}
        />
      )}
    </div>
  );
}
