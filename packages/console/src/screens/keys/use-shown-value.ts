import { useEffect, useState } from "react";
import { decodeUtf8 } from "../../text/escape.js";
import type { ValueFormat } from "./keys-state.js";
import { showValue } from "./value-format.js";

/** A value as text; formats that need a library are there a moment later. */
export function useShownValue(value: Uint8Array, format: ValueFormat): string {
  const isJsonAsYaml = format === "yaml" && /^\s*[{[]/.test(decodeUtf8(value.subarray(0, 64)) ?? "");
  const needsLibrary = format === "kubernetes" || isJsonAsYaml;
  const [late, setLate] = useState<{ value: Uint8Array; format: ValueFormat; text: string }>();
  useEffect(() => {
    if (!needsLibrary) return undefined;
    let isWanted = true;
    const load = async (): Promise<void> => {
      const { jsonAsYaml, kubernetesAsYaml } = await import("./kubernetes-yaml.js");
      const text = format === "kubernetes" ? kubernetesAsYaml(value) : jsonAsYaml(value);
      if (isWanted) setLate({ value, format, text });
    };
    void load();
    return () => {
      isWanted = false;
    };
  }, [value, format, needsLibrary]);
  if (!needsLibrary) return showValue(value, format);
  return late?.value === value && late.format === format ? late.text : "";
}
