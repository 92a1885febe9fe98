import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The editor in the console's tokens, so that both themes come from one place. */
const look = EditorView.theme({
  "&": {
    backgroundColor: "transparent",
    color: "var(--ink)",
    fontSize: "calc(var(--text-m) * var(--mono-adjust))",
    height: "100%",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", overscrollBehavior: "contain" },
  ".cm-content": { caretColor: "var(--accent)", padding: "0.5rem 0" },
  ".cm-gutters": { backgroundColor: "transparent", border: "0", color: "var(--ink-3)" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.75rem", padding: "0 0.625rem 0 0.5rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  "&:not(.cm-focused) .cm-activeLine, &:not(.cm-focused) .cm-activeLineGutter": {
    backgroundColor: "transparent",
  },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "light-dark(#bfe0d7, #245049)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid var(--accent)",
  },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--sunken)",
    border: "1px solid var(--line)",
    color: "var(--ink-3)",
  },
  ".cm-panels": { backgroundColor: "var(--surface)", borderColor: "var(--line)", color: "var(--ink)" },
  ".cm-textfield": {
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
    color: "var(--ink)",
  },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  // One ground per line and a stronger one for the words; on both, all text is in plain ink.
  ".cm-changedLine": { backgroundColor: "var(--diff-new) !important" },
  ".cm-deletedChunk, &.cm-merge-a .cm-changedLine": { backgroundColor: "var(--diff-old) !important" },
  ".cm-insertedLine, .cm-deletedLine, .cm-deletedChunk .cm-deletedLine": {
    background: "transparent !important",
  },
  ".cm-changedText, .cm-insertedLine .cm-changedText": {
    background: "var(--diff-new-word) !important",
    color: "var(--ink)",
  },
  ".cm-deletedText, &.cm-merge-a .cm-changedText": {
    background: "var(--diff-old-word) !important",
    color: "var(--ink)",
  },
  ".cm-changedText *, .cm-deletedText *": { color: "var(--ink)" },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--ink-3)", padding: "0.125rem 0.75rem" },
  ".cm-changeGutter": { width: "3px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--code-string)" },
  { tag: [tags.number, tags.integer, tags.float], color: "var(--code-number)" },
  { tag: [tags.bool, tags.null, tags.keyword, tags.atom], color: "var(--code-word)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.labelName], color: "var(--code-key)" },
  { tag: [tags.comment, tags.lineComment, tags.meta], color: "var(--code-note)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--ink-2)" },
]);

export const codeTheme: Extension = [look, syntaxHighlighting(colours)];
