import type { mvccpb } from "@quorate/proto";
import type { ReactElement } from "react";
import { CodePane } from "../../editor/code-pane.js";
import { equalBytes, noBytes } from "../../text/bytes.js";
import { EmptyState } from "../../ui/index.js";
import { useShownValue } from "./use-shown-value.js";
import { detectFormat, languageOf } from "./value-format.js";

export interface HistoryDiffProps {
  /** The chosen state; absent when the key did not exist in it. */
  readonly shown: mvccpb.KeyValue | undefined;
  /** What it is compared with. */
  readonly before: mvccpb.KeyValue | undefined;
  readonly against: "before" | "now";
}

/** A value with its differences to another one marked in it: from before to then, or from then to now. */
export function HistoryDiff({ shown, before, against }: HistoryDiffProps): ReactElement {
  const [older, newer] = against === "now" ? [shown, before] : [before, shown];
  const format = detectFormat((newer ?? older)?.value ?? noBytes);
  const oldText = useShownValue(older?.value ?? noBytes, format);
  const newText = useShownValue(newer?.value ?? noBytes, format);
  if (shown === undefined && against === "before") {
    return <Text label="Value before the delete" text={oldText} format={format} />;
  }
  if (older !== undefined && newer !== undefined && equalBytes(older.value, newer.value)) {
    return (
      <>
        <p className="keys-state-note">
          {against === "now" ? "The same value as now." : "The same value as before."}
        </p>
        <Text label="Value" text={newText} format={format} />
      </>
    );
  }
  if (newer === undefined) return <EmptyState title="The key does not exist now" />;
  return (
    <Text
      label="Value with its differences"
      text={newText}
      format={format}
      before={older === undefined ? undefined : oldText}
    />
  );
}

interface TextProps {
  readonly label: string;
  readonly text: string;
  readonly format: ReturnType<typeof detectFormat>;
  readonly before?: string | undefined;
}

function Text({ label, text, format, before }: TextProps): ReactElement {
  return (
    <div className="keys-value-text">
      <CodePane
        label={label}
        value={text}
        language={languageOf(format)}
        before={before}
        wrap={format !== "hex"}
      />
    </div>
  );
}
