import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { ReactElement } from "react";
import { baseExtensions, languageExtension } from "./code-mirror.js";
import type { MergePaneProps } from "./code-pane.js";

/** Theirs on the left, mine on the right. Loaded through MergePane. */
export function MergePair({ theirs, mine, language, onChange }: MergePaneProps): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const latest = useRef(onChange);
  const start = useRef(mine);
  useEffect(() => {
    latest.current = onChange;
    start.current = mine;
  });
  useEffect(() => {
    if (frame.current === null) return undefined;
    const view = new MergeView({
      parent: frame.current,
      a: {
        doc: theirs,
        extensions: [
          baseExtensions("Theirs"),
          languageExtension(language),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
        ],
      },
      b: {
        doc: start.current,
        extensions: [
          baseExtensions("Mine"),
          languageExtension(language),
          EditorView.lineWrapping,
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current(update.state.doc.toString());
          }),
        ],
      },
      revertControls: "a-to-b",
      collapseUnchanged: { margin: 3, minSize: 6 },
    });
    return () => view.destroy();
  }, [theirs, language]);
  return <div ref={frame} className="editor-frame is-merge" />;
}
