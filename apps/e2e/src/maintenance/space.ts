/** What a member says of its size, and the puts that make it grow. */
import { etcdserverpb } from "@quorate/proto";
import type { Member } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";

const kv = etcdserverpb.KV.method;
const maintenance = etcdserverpb.Maintenance.method;
const PUTS_AT_ONCE = 64;
const ACTION_DEACTIVATE = 2;
const ALARM_NAMES: readonly string[] = ["NONE", "NOSPACE", "CORRUPT"];
const DEFRAGMENT_MS_MAX = 120_000;

export interface Sizes {
  readonly total: number;
  readonly inUse: number;
}

/** One client for the chores of an operator. */
export class Operator {
  readonly #client: WireClient;
  readonly #endpoint: string;

  constructor(member: Member) {
    this.#endpoint = member.endpoint;
    this.#client = new WireClient(member.endpoint);
  }

  async sizes(): Promise<Sizes> {
    const { dbSize, dbSizeInUse } = await this.#client.demand(maintenance.status, {});
    return { total: Number(dbSize), inUse: Number(dbSizeInUse) };
  }

  /** The same from the metrics. */
  async metricSizes(): Promise<Sizes> {
    const text = await (await fetch(`http://${this.#endpoint}/metrics`)).text();
    const read = (name: string): number => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
    return {
      total: read("etcd_mvcc_db_total_size_in_bytes"),
      inUse: read("etcd_mvcc_db_total_size_in_use_in_bytes"),
    };
  }

  /**
   * Puts values of `valueBytes` random bytes on the keys 0 to `keyCount`, until all have one or one is refused.
   * @returns the refusal, and the newest revision.
   */
  async fill(
    keyCount: number,
    valueBytes: number,
  ): Promise<{ refusal: string | undefined; revision: bigint }> {
    let next = 0;
    let revision = 0n;
    let refusal: string | undefined;
    const work = async (): Promise<void> => {
      while (next < keyCount && refusal === undefined) {
        const key = Buffer.from(`fill/${String(next++).padStart(8, "0")}`);
        const outcome = await this.#client.call(kv.put, { key, value: randomBytes(valueBytes) });
        if (!outcome.ok) refusal = outcome.text;
        else if ((outcome.message.header?.revision ?? 0n) > revision)
          revision = outcome.message.header?.revision ?? 0n;
      }
    };
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, work));
    return { refusal, revision };
  }

  /** @returns the refusal. */
  async put(): Promise<string | undefined> {
    const outcome = await this.#client.call(kv.put, { key: Buffer.from("one more") });
    return outcome.ok ? undefined : outcome.text;
  }

  /** The newest revision. */
  async revision(): Promise<bigint> {
    const answer = await this.#client.demand(kv.range, { key: Buffer.from("one more") });
    return answer.header?.revision ?? 0n;
  }

  /** Forgets all history before `revision`, and waits until it is gone. */
  async compact(revision: bigint): Promise<void> {
    await this.#client.demand(kv.compact, { revision, physical: true });
  }

  async defragment(): Promise<void> {
    await this.#client.demand(maintenance.defragment, {}, DEFRAGMENT_MS_MAX);
  }

  /** Alarms by name. */
  async alarms(): Promise<readonly string[]> {
    const { alarms } = await this.#client.demand(maintenance.alarm, {});
    return alarms.map(({ alarm }) => ALARM_NAMES[alarm] ?? String(alarm));
  }

  async disarm(): Promise<void> {
    const { alarms } = await this.#client.demand(maintenance.alarm, {});
    for (const { memberID, alarm } of alarms)
      await this.#client.demand(maintenance.alarm, {
        action: ACTION_DEACTIVATE,
        memberID,
        alarm,
      });
  }

  close(): void {
    this.#client.close();
  }
}

/** Does not compress. */
function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  crypto.getRandomValues(bytes);
  return bytes;
}
