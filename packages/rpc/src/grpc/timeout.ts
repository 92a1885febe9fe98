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
