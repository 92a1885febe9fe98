import { useEffect, useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { escapeBytes, tryParseEscaped } from "../../text/escape.js";
import { Button, Segmented, TextField } from "../../ui/index.js";
import type { WatchTarget } from "./use-watch.js";

export interface WatchFormProps {
  readonly target: WatchTarget;
  readonly onChange: (target: WatchTarget) => void;
}

/** What is watched. Takes effect on Enter: each change is a new watch at the cluster. */
export function WatchForm({ target, onChange }: WatchFormProps): ReactElement {
  const [key, setKey] = useState(() => escapeBytes(target.prefix));
  const [from, setFrom] = useState(target.from === 0n ? "" : String(target.from));
  useEffect(() => setKey(escapeBytes(target.prefix)), [target.prefix]);
  const prefix = tryParseEscaped(key);
  const revision = from.trim() === "" ? 0n : /^\d{1,18}$/.test(from.trim()) ? BigInt(from.trim()) : undefined;
  const emptyKey = target.exact && key === "";
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (prefix !== undefined && revision !== undefined && !emptyKey)
      onChange({ ...target, prefix, from: revision });
  };
  const changed = key !== escapeBytes(target.prefix) || (revision ?? -1n) !== target.from;
  return (
    <form className="live-form" onSubmit={submit}>
      <Segmented
        label="What is watched"
        value={target.exact ? "key" : "prefix"}
        onChange={(what) => onChange({ ...target, exact: what === "key", prefix: prefix ?? target.prefix })}
        options={[
          { value: "prefix", label: "Prefix" },
          { value: "key", label: "One key" },
        ]}
      />
      <TextField
        mono
        className="live-form-key"
        label={target.exact ? "Key" : "Prefix"}
        hideLabel
        placeholder={target.exact ? "key" : "prefix, empty for every key"}
        value={key}
        onChange={setKey}
        error={
          prefix === undefined
            ? "Not an escape. Write \\\\ for a backslash."
            : emptyKey
              ? "A key is needed."
              : undefined
        }
      />
      <TextField
        mono
        className="live-form-from"
        label="From revision"
        hideLabel
        placeholder="from now"
        inputMode="numeric"
        leading={<span className="live-form-word">rev</span>}
        value={from}
        onChange={setFrom}
        error={revision === undefined ? "A revision is a whole number." : undefined}
      />
      <Button type="submit" disabled={!changed || prefix === undefined || revision === undefined || emptyKey}>
        Watch
      </Button>
    </form>
  );
}
