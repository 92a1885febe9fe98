/** Numbers, sizes and times in their one spelling, with the exact figure at hand. */
import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { formatAgo, formatBytes, formatCount, formatDuration } from "../text/format.js";

export function Num({ value }: { readonly value: number | bigint }): ReactElement {
  return <span>{formatCount(value)}</span>;
}

export function Bytes({ value }: { readonly value: number | bigint }): ReactElement {
  return <span title={`${formatCount(value)} bytes`}>{formatBytes(value)}</span>;
}

export function Duration({ seconds }: { readonly seconds: number }): ReactElement {
  return <span title={`${seconds} s`}>{formatDuration(seconds)}</span>;
}

/** The time now in unix milliseconds, renewed every `everyMs` while the component is shown. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** `ms` is unix milliseconds. */
export function TimeAgo({ ms }: { readonly ms: number | bigint }): ReactElement {
  const now = useNow(1000);
  const moment = new Date(Number(ms));
  return (
    <time dateTime={moment.toISOString()} title={moment.toLocaleString()}>
      {formatAgo(Number(ms), now)}
    </time>
  );
}
