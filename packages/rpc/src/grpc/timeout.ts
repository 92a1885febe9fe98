/** Milliseconds per unit of a `grpc-timeout`. Source: gRPC over HTTP/2, "Timeout". */
const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const shape = /^([0-9]{1,8})([HMSmun])$/;

/** Reads a `grpc-timeout` value: at most eight digits and a unit. @returns milliseconds, undefined when malformed. */
export function parseTimeoutMs(text: string): number | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (unitMs[match[2] as string] as number);
}

/**
 * Writes a `grpc-timeout` of at least `ms`, in two digits and a bit: equal blocks of fields are cheap for both ends, and calls that are
 * given the same time shall have them however late in a millisecond they begin. Who waits has a clock of its own.
 */
export function formatTimeout(ms: number): string {
  if (ms <= 0) return "0m";
  if (ms <= 1_000) return `${Math.ceil(ms / 10) * 10}m`;
  if (ms <= 10_000) return `${Math.ceil(ms / 100) * 100}m`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds <= 99_999_999) return `${seconds}S`;
  return `${Math.min(99_999_999, Math.ceil(seconds / 3_600))}H`;
}
