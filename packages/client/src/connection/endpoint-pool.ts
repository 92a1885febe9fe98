/**
 * The endpoints of a cluster: which one is asked next. They take turns; one that fails is set aside for a while that doubles with each
 * failure in a row, and is asked earlier only when all others are set aside too.
 */
import type { CallSafety } from "../calls.js";
import type { Channel, Transport } from "../transport.js";
import { SILENT, type Logger } from "../logger.js";
import { parseEndpoint } from "./endpoint.js";

const ASIDE_FIRST_MS = 100;
const ASIDE_MAX_MS = 5000;
/** Channels to endpoints that are not in the list (members' advertised URLs), the oldest of which is closed beyond this. */
export const FOREIGN_CHANNELS_MAX = 64;

function asideMs(failures: number): number {
  return Math.min(ASIDE_MAX_MS, ASIDE_FIRST_MS * 2 ** (failures - 1));
}

interface Slot {
  readonly channel: Channel;
  failures: number;
  /** On the clock of `nowMs`; 0 when nothing speaks against it. */
  asideUntilMs: number;
}

export interface EndpointPoolOptions {
  /** Monotonic clock. */
  readonly nowMs?: () => number;
  readonly logger?: Logger | undefined;
}

export class EndpointPool {
  readonly #transport: Transport;
  readonly #nowMs: () => number;
  readonly #logger: Logger;
  readonly #slots: readonly Slot[];
  readonly #slotByChannel: ReadonlyMap<Channel, Slot>;
  readonly #foreign = new Map<string, Channel>();
  #turn = 0;

  /** @throws TypeError for no endpoints, or one that names no place. */
  constructor(
    transport: Transport,
    endpoints: readonly string[],
    { nowMs = () => performance.now(), logger = SILENT }: EndpointPoolOptions = {},
  ) {
    if (endpoints.length === 0) throw new TypeError("a client needs at least one endpoint");
    this.#transport = transport;
    this.#nowMs = nowMs;
    this.#logger = logger;
    for (const endpoint of endpoints) parseEndpoint(endpoint);
    // Clients that start together begin with different members.
    this.#turn = Math.floor(Math.random() * endpoints.length);
    this.#slots = [...new Set(endpoints)].map((endpoint) => ({
      channel: transport.connect(endpoint),
      failures: 0,
      asideUntilMs: 0,
    }));
    this.#slotByChannel = new Map(this.#slots.map((slot) => [slot.channel, slot]));
  }

  /** Endpoints that calls take turns between. */
  get size(): number {
    return this.#slots.length;
  }

  get endpoints(): readonly string[] {
    return this.#slots.map(({ channel }) => channel.endpoint);
  }

  /**
   * One that failed is tried again by a single call, one that may be repeated elsewhere: another failure costs no write its time.
   */
  pick(safety: CallSafety): Channel {
    const nowMs = this.#nowMs();
    const count = this.#slots.length;
    let best: Slot | undefined;
    for (let i = 0; i < count; i++) {
      const slot = this.#slots[(this.#turn + i) % count];
      if (slot === undefined) continue;
      if (slot.failures === 0 || (slot.asideUntilMs <= nowMs && safety !== "write")) {
        this.#turn = (this.#turn + i + 1) % count;
        if (slot.failures > 0) slot.asideUntilMs = nowMs + asideMs(slot.failures);
        return slot.channel;
      }
      if (best === undefined || slot.asideUntilMs < best.asideUntilMs) best = slot;
    }
    if (best === undefined) throw new Error("a pool without endpoints");
    return best.channel;
  }

  /** Exactly this endpoint, whether it is in the list or not. @throws TypeError when it names no place. */
  at(endpoint: string): Channel {
    const slot = this.#slots.find(({ channel }) => channel.endpoint === endpoint);
    if (slot !== undefined) return slot.channel;
    const known = this.#foreign.get(endpoint);
    if (known !== undefined) return known;
    parseEndpoint(endpoint);
    const [oldest] = this.#foreign.keys();
    if (this.#foreign.size >= FOREIGN_CHANNELS_MAX && oldest !== undefined) {
      this.#foreign.get(oldest)?.close();
      this.#foreign.delete(oldest);
    }
    const channel = this.#transport.connect(endpoint);
    this.#foreign.set(endpoint, channel);
    return channel;
  }

  succeeded(channel: Channel): void {
    const slot = this.#slotByChannel.get(channel);
    if (slot === undefined || slot.failures === 0) return;
    this.#logger.info("an endpoint serves again", { endpoint: channel.endpoint });
    slot.failures = 0;
    slot.asideUntilMs = 0;
  }

  /** The endpoint could not be reached, or says that it can't serve. */
  failed(channel: Channel): void {
    const slot = this.#slotByChannel.get(channel);
    if (slot === undefined) return;
    slot.failures = Math.min(slot.failures + 1, 16);
    const forMs = asideMs(slot.failures);
    slot.asideUntilMs = this.#nowMs() + forMs;
    const { endpoint } = channel;
    this.#logger.warn("an endpoint is set aside", { endpoint, failures: slot.failures, forMs });
  }

  close(): void {
    for (const { channel } of this.#slots) channel.close();
    for (const channel of this.#foreign.values()) channel.close();
    this.#foreign.clear();
  }
}
