import { useEffect, useRef, useState } from "react";

/**
 * What a person is typing or sliding, ahead of the value that it will become: `commit` gets the draft when it has rested. A value
 * that changes from elsewhere, such as by the Back button, replaces the draft.
 */
export function useDraft<T>(
  value: T,
  restMs: number,
  commit: (draft: T) => void,
): readonly [T, (draft: T) => void] {
  const [draft, setDraft] = useState(value);
  const [seen, setSeen] = useState(value);
  const [committed, setCommitted] = useState(value);
  const latest = useRef(commit);
  useEffect(() => {
    latest.current = commit;
  });
  if (!Object.is(value, seen)) {
    setSeen(value);
    // The draft's own way back from the outside must not undo what was typed since.
    if (!Object.is(value, committed)) {
      setDraft(value);
      setCommitted(value);
    }
  }
  useEffect(() => {
    if (Object.is(draft, committed)) return undefined;
    const timer = setTimeout(() => {
      setCommitted(draft);
      latest.current(draft);
    }, restMs);
    return () => clearTimeout(timer);
  }, [draft, committed, restMs]);
  return [draft, setDraft];
}
