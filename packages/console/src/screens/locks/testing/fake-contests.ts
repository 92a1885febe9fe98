import { consolepb, create } from "@quorate/proto";

const encoder = new TextEncoder();

export interface FakeLine {
  readonly lease: bigint;
  readonly created: bigint;
  readonly ttl?: bigint;
  readonly value?: string;
}

export function fakeContest(name: string, lines: readonly FakeLine[]): consolepb.Contest {
  return create(consolepb.ContestSchema, {
    name: encoder.encode(name),
    contenders: lines.map(({ lease, created, ttl = 12n, value = "" }) => ({
      key: {
        key: encoder.encode(`${name}/${lease.toString(16)}`),
        createRevision: created,
        modRevision: created,
        version: 1n,
        value: encoder.encode(value),
        lease,
      },
      lease,
      ttlSeconds: ttl,
    })),
  });
}
