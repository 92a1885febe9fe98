import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { escapeBytes, tryParseEscaped } from "../../text/escape.js";
import { TextField } from "../../ui/index.js";

export interface PrefixFieldProps {
  readonly prefix: Uint8Array;
  readonly onChange: (prefix: Uint8Array) => void;
}

/** Takes effect on Enter or on leaving: each prefix is a search over keys. */
export function PrefixField({ prefix, onChange }: PrefixFieldProps): ReactElement {
  const [typed, setTyped] = useState(() => escapeBytes(prefix));
  useEffect(() => setTyped(escapeBytes(prefix)), [prefix]);
  const parsed = tryParseEscaped(typed);
  const commit = (): void => {
    if (parsed !== undefined && escapeBytes(parsed) !== escapeBytes(prefix)) onChange(parsed);
  };
  return (
    <TextField
      mono
      label="Only below this prefix"
      hideLabel
      placeholder="only below this prefix"
      error={parsed === undefined ? "Not an escape. Write \\\\ for a backslash." : undefined}
      value={typed}
      onChange={setTyped}
      onBlur={commit}
      onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}
