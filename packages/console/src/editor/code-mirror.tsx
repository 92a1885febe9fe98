import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { ReactElement } from "react";
import type { CodePaneProps } from "./code-pane.js";
import { codeTheme } from "./code-theme.js";

export function languageExtension(language: CodePaneProps["language"]): Extension {
  if (language === "json") return json();
  return language === "yaml" ? yaml() : [];
}

/** What reading and editing share. `label` names the text field for assistive technology. */
export function baseExtensions(label: string): Extension {
  return [
    lineNumbers(),
    foldGutter(),
    drawSelection(),
    highlightSelectionMatches(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap]),
    EditorView.contentAttributes.of({ "aria-label": label }),
    codeTheme,
  ];
}

/** A text in CodeMirror; the editor outlives changes of its text, which arrive as edits. Loaded through CodePane. */
export function CodeMirror(props: CodePaneProps): ReactElement {
  const { value, onChange, onSave, language, label, before, wrap = true } = props;
  const frame = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ onChange, onSave });
  const isEditable = onChange !== undefined;
  useEffect(() => {
    latest.current = { onChange, onSave };
  });

  useEffect(() => {
    if (frame.current === null) return undefined;
    const editor = new EditorView({
      parent: frame.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          baseExtensions(label),
          new Compartment().of(languageExtension(language)),
          wrap ? EditorView.lineWrapping : [],
          isEditable ? editing(latest) : reading,
          before === undefined ? [] : compared(before),
        ],
      }),
    });
    view.current = editor;
    if (isEditable) editor.focus();
    return () => {
      editor.destroy();
      view.current = undefined;
    };
    // The text itself is brought up to date below, without a new editor.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [language, label, wrap, isEditable, before]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={frame} className="editor-frame" />;
}

interface Handlers {
  readonly current: Pick<CodePaneProps, "onChange" | "onSave">;
}

function editing(handlers: Handlers): Extension {
  const save = (): boolean => {
    handlers.current.onSave?.();
    return true;
  };
  return [
    history(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    // Escape lets the Tab key leave the editor again.
    keymap.of([
      { key: "Mod-s", run: save, preventDefault: true },
      ...defaultKeymap,
      ...historyKeymap,
      indentWithTab,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) handlers.current.onChange?.(update.state.doc.toString());
    }),
  ];
}

const reading: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: "0" }),
];

/** Shows what changed since `before` in the text itself. */
function compared(before: string): Extension {
  return unifiedMergeView({
    original: before,
    mergeControls: false,
    collapseUnchanged: { margin: 3, minSize: 6 },
    diffConfig: { scanLimit: 2000 },
  });
}
