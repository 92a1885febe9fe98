/** Words for those who wait: that there is no answer yet, and why, where that is known. */
import { createContext, useContext, useEffect, useState } from "react";
import type { ReactElement } from "react";
import { Callout } from "./feedback.js";

/** What holds answers up now, as a sentence; absent when nothing is known to. */
export const WaitReason = createContext<string | undefined>(undefined);

/** Quick answers are not talked about. */
const patienceMs = 2000;

/** Stands beside what was asked for. Nothing unless it has been waited for longer than people expect. */
export function WaitNote({ waiting }: { readonly waiting: boolean }): ReactElement | null {
  const isLong = useIsLong(waiting);
  const reason = useContext(WaitReason);
  if (!isLong) return null;
  return (
    <Callout tone={reason === undefined ? "info" : "warn"} title="No answer yet" role="status">
      {reason ?? "It is still waited for."}
    </Callout>
  );
}

function useIsLong(waiting: boolean): boolean {
  const [isLong, setIsLong] = useState(false);
  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setTimeout(() => setIsLong(true), patienceMs);
    return () => {
      clearTimeout(timer);
      setIsLong(false);
    };
  }, [waiting]);
  return isLong;
}
