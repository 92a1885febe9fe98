import { useCallback, useEffect, useRef, useState } from "react";
import { text, useUrlState } from "../../app/url-state.js";
import type { TxnDraft } from "./draft.js";
import { decodeDraft, encodeDraft } from "./url.js";

const parameters = { t: text() };

/** Typing is fast and the URL is not: what is typed shows at once and reaches the URL after a pause. */
const urlDelayMs = 300;

/** The draft of the URL. Going back or following a link replaces what is on the screen; typing only replaces the URL's entry. */
export function useDraft(): readonly [TxnDraft, (draft: TxnDraft) => void, (draft: TxnDraft) => void] {
  const [state, set] = useUrlState(parameters);
  const [draft, setDraft] = useState(() => decodeDraft(state.t));
  const written = useRef(state.t);
  useEffect(() => {
    if (state.t === written.current) return;
    written.current = state.t;
    setDraft(decodeDraft(state.t));
  }, [state.t]);
  useEffect(() => {
    const encoded = encodeDraft(draft);
    if (encoded === written.current) return undefined;
    const timer = setTimeout(() => {
      written.current = encoded;
      set({ t: encoded });
    }, urlDelayMs);
    return () => clearTimeout(timer);
  }, [draft, set]);
  /** A step that Back undoes, such as taking a template. */
  const replace = useCallback(
    (next: TxnDraft) => {
      const encoded = encodeDraft(next);
      written.current = encoded;
      setDraft(next);
      set({ t: encoded }, { push: true });
    },
    [set],
  );
  return [draft, setDraft, replace];
}
