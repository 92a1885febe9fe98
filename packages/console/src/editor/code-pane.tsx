/**
 * Text that is read or edited as code. The editor is a large library that loads when it is first needed; until then, and for as long
 * as that takes, the text itself is there.
 */
import { lazy, Suspense } from "react";
import type { ReactElement } from "react";
import "./editor.css";

export interface CodePaneProps {
  /** Name for assistive technology: "Value of /app/config". */
  readonly label: string;
  readonly value: string;
  readonly language: "plain" | "json" | "yaml";
  /** Without it the text is for reading only. */
  readonly onChange?: ((value: string) => void) | undefined;
  /** Ctrl-S in the editor. */
  readonly onSave?: (() => void) | undefined;
  /** An older text: what changed since is marked. */
  readonly before?: string | undefined;
  readonly wrap?: boolean | undefined;
}

const CodeMirror = lazy(async () => ({ default: (await import("./code-mirror.js")).CodeMirror }));
const Merge = lazy(async () => ({ default: (await import("./merge-view.js")).MergePair }));

/** The beginning of a text that shows before the editor is there. */
const previewCharacters = 20_000;

export function CodePane(props: CodePaneProps): ReactElement {
  return (
    <div className="editor">
      <Suspense fallback={<pre className="editor-preview">{props.value.slice(0, previewCharacters)}</pre>}>
        <CodeMirror {...props} />
      </Suspense>
    </div>
  );
}

export interface MergePaneProps {
  readonly theirs: string;
  readonly mine: string;
  readonly language: CodePaneProps["language"];
  readonly onChange: (mine: string) => void;
}

/** Two texts side by side, the right one to be edited; parts of the left one can be taken over one by one. */
export function MergePane(props: MergePaneProps): ReactElement {
  return (
    <div className="editor">
      <Suspense fallback={<pre className="editor-preview">{props.theirs.slice(0, previewCharacters)}</pre>}>
        <Merge {...props} />
      </Suspense>
    </div>
  );
}
