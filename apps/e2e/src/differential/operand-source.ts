/** Random keys, intervals, values, leases and revisions, and the three plain requests made of them. */
import type { etcdserverpb } from "@quorate/proto";
import type { MessageInitShape } from "@quorate/proto";
import type { Prng } from "@quorate/std";

/** What the generator has to know of the store to aim at its edges. */
export interface StoreView {
  /** Latest revision. */
  readonly revision: number;
  /** Revision of the last compaction; -1 for none. */
  readonly compacted: number;
  /** Whether that compaction has certainly ended in the background too. */
  readonly settled: boolean;
}

type RangeInit = MessageInitShape<typeof etcdserverpb.RangeRequestSchema>;
type PutInit = MessageInitShape<typeof etcdserverpb.PutRequestSchema>;
type DeleteInit = MessageInitShape<typeof etcdserverpb.DeleteRangeRequestSchema>;

export interface Interval {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** Leases that are granted and revoked during the run; identities at both ends of their range are among them. */
export const KNOWN_LEASES: readonly bigint[] = [1n, 7n, 1001n, -1n, 2n ** 63n - 1n, -(2n ** 63n)];
const NEVER_GRANTED: readonly bigint[] = [9999n, -77n, 2n ** 40n];

const NOTHING = new Uint8Array(0);
const FROM_KEY_ON = Uint8Array.of(0);
const INT64_MAX = 2n ** 63n - 1n;

const KEYS: readonly Uint8Array[] = [
  ...[
    "a",
    "aa",
    "ab",
    "abc",
    "b",
    "b/",
    "b/1",
    "b/2",
    "b/20",
    "b0",
    "c",
    "d",
    "e",
    "foo",
    "foo/bar",
    "z",
  ].map(utf8),
  Uint8Array.of(0),
  Uint8Array.of(0, 0),
  Uint8Array.of(0x61, 0),
  Uint8Array.of(0x7f, 0x80),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0xff),
  utf8("k".repeat(300)),
  utf8("zürich"),
];

const FRESH_KEYS = 400;
const LONG_VALUE_BYTES = 20_000;
/** Just above what etcd takes in one request, and just above what gRPC takes in one message. */
const TOO_LARGE_BYTES: readonly number[] = [1_572_900, 2_097_200];

export class OperandSource {
  readonly prng: Prng;
  view: StoreView = { revision: 1, compacted: -1, settled: false };
  readonly #leaseChance: number;
  #valueCount = 0;

  /** @param leaseChance how likely a put or a compare names a lease at all. */
  constructor(prng: Prng, leaseChance: number) {
    this.prng = prng;
    this.#leaseChance = leaseChance;
  }

  /** One of the choices, each as likely as its weight says. */
  choose<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let ticket = this.prng.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of choices) {
      if (ticket < weight) return value;
      ticket -= weight;
    }
    throw new Error("no choice");
  }

  key(): Uint8Array {
    if (this.prng.chance(0.01)) return NOTHING;
    return this.prng.chance(0.15) ? utf8(`n/${this.prng.below(FRESH_KEYS)}`) : this.prng.pick(KEYS);
  }

  interval(): Interval {
    const key = this.key();
    const rangeEnd = this.choose<() => Uint8Array>([
      [40, () => NOTHING],
      [22, () => this.key()],
      [18, () => prefixEnd(key)],
      [14, () => FROM_KEY_ON],
      [4, () => key],
      [2, () => Uint8Array.of(0, 0)],
    ]);
    return { key, rangeEnd: rangeEnd() };
  }

  /** A lease that may or may not exist, 0 for none. */
  lease(): bigint {
    return this.prng.chance(this.#leaseChance) ? this.someLease() : 0n;
  }

  someLease(): bigint {
    return this.prng.chance(0.8) ? this.prng.pick(KNOWN_LEASES) : this.prng.pick(NEVER_GRANTED);
  }

  value(): Uint8Array {
    this.#valueCount += 1;
    return this.choose<() => Uint8Array>([
      [100, () => NOTHING],
      [700, () => utf8(`v${this.prng.below(30)}`)],
      [150, () => utf8(`value ${this.#valueCount}`)],
      [20, () => new Uint8Array(this.prng.below(LONG_VALUE_BYTES)).fill(this.#valueCount)],
    ])();
  }

  /** A revision to read at: mostly the latest or one that is kept. */
  revision(): bigint {
    const { revision, compacted } = this.view;
    const oldest = Math.max(compacted, 1);
    return BigInt(
      this.choose<() => number>([
        [60, () => 0],
        [20, () => oldest + this.prng.below(Math.max(1, revision - oldest + 1))],
        [3, () => compacted],
        [5, () => compacted - 1 - this.prng.below(4)],
        [3, () => revision],
        [5, () => revision + 1 + this.prng.below(3)],
        [4, () => -1 - this.prng.below(4)],
      ])(),
    );
  }

  range(): RangeInit {
    return {
      ...this.interval(),
      limit: this.choose([
        [50, 0n],
        [30, BigInt(1 + this.prng.below(6))],
        [6, 1000n],
        [2, INT64_MAX],
        [3, -1n],
      ]),
      revision: this.revision(),
      sortOrder: openEnum(
        this.choose([
          [50, 0],
          [25, 1],
          [25, 2],
        ]),
      ),
      sortTarget: openEnum(
        this.choose([
          [40, 0],
          [14, 1],
          [14, 2],
          [14, 3],
          [14, 4],
        ]),
      ),
      serializable: this.prng.chance(0.3),
      keysOnly: this.prng.chance(0.2),
      countOnly: this.prng.chance(0.12),
      minModRevision: this.bound(),
      maxModRevision: this.bound(),
      minCreateRevision: this.bound(),
      maxCreateRevision: this.bound(),
    };
  }

  /** A range whose sorting has no name, on a key that exists as a key. */
  badSort(): RangeInit {
    const isOrder = this.prng.chance(0.5);
    return {
      ...this.range(),
      key: this.prng.pick(KEYS),
      ...(isOrder
        ? { sortOrder: openEnum(this.prng.pick([3, -1])) }
        : { sortTarget: openEnum(this.prng.pick([5, -1])) }),
    };
  }

  /** A bound of a filter: mostly none. */
  bound(): bigint {
    if (this.prng.chance(0.88)) return 0n;
    return BigInt(
      this.choose<() => number>([
        [10, () => this.prng.below(this.view.revision + 3)],
        [5, () => Math.max(0, this.view.revision - this.prng.below(50))],
        [1, () => -1 - this.prng.below(9)],
      ])(),
    );
  }

  put(): PutInit {
    if (this.prng.chance(0.001))
      return { key: utf8("big"), value: new Uint8Array(this.prng.pick(TOO_LARGE_BYTES)) };
    const ignoreValue = this.prng.chance(0.1);
    const ignoreLease = this.prng.chance(0.1);
    return {
      key: this.key(),
      value: ignoreValue && this.prng.chance(0.8) ? NOTHING : this.value(),
      lease: ignoreLease && this.prng.chance(0.8) ? 0n : this.lease(),
      prevKv: this.prng.chance(0.25),
      ignoreValue,
      ignoreLease,
    };
  }

  delete(): DeleteInit {
    // A delete of much takes the ground from under the operations after it, so most are of one key.
    const interval = this.prng.chance(0.7) ? { key: this.key(), rangeEnd: NOTHING } : this.interval();
    return { ...interval, prevKv: this.prng.chance(0.4) };
  }
}

/** Enumerations are open on the wire: any number can arrive, and the generator sends some that have no name. */
export function openEnum<E extends number>(value: number): E {
  return value as E;
}

/** First key after all keys that begin with `prefix`; from-key-on when there is none. */
function prefixEnd(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return FROM_KEY_ON;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
