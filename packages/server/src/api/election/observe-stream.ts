/**
 * One Observe stream: the leader's proposal now, each later one, and so on with the next leader.
 *
 *     oldest key, or the next put under the prefix --> its puts --> its delete --> oldest key ...
 *
 * Nothing is kept for a client that leaves answers unread: the watch ends and begins again behind the last answer.
 */
import { fromBinary, mvccpb, v3electionpb } from "@quorate/proto";
import type { ServerStreamCall } from "@quorate/rpc";
import { encodeMessage } from "../generated-codec.js";
import type { ResponseHeaders } from "../header.js";
import { Caller } from "../lock/caller.js";
import { RecipeError, prefixOf, type RecipeClient } from "../lock/recipe-client.js";
import type { WatchedEvent } from "../lock/watch-port.js";
import { findLeader } from "./election.js";

/** How watching ended for now. */
type WatchEnd = "done" | "blocked" | "closed" | "left";

export class ObserveStream {
  readonly #call: ServerStreamCall;
  readonly #client: RecipeClient;
  readonly #headers: ResponseHeaders;
  readonly #caller: Caller;
  #isBlocked = false;
  #onDrained: (() => void) | undefined;

  constructor(call: ServerStreamCall, client: RecipeClient, headers: ResponseHeaders) {
    this.#call = call;
    this.#client = client;
    this.#headers = headers;
    this.#caller = new Caller(call);
    call.onDrain(() => {
      this.#isBlocked = false;
      this.#onDrained?.();
    });
  }

  /** Runs until the caller leaves or the watch is lost, which ends the stream with status OK. */
  async run(name: Uint8Array): Promise<void> {
    try {
      while (!this.#caller.hasLeft) {
        const answer = await findLeader(this.#client, name);
        const revision = Number(answer.header?.revision ?? 0n);
        const leader = answer.kvs[0] ?? (await this.#firstPut(name, revision));
        if (leader === undefined) break;
        const shownRevision = answer.kvs[0] === undefined ? Number(leader.modRevision) : revision;
        this.#send(leader, shownRevision);
        if (!(await this.#follow(leader.key, shownRevision))) break;
      }
    } catch (error) {
      // As with a watch that is lost: the caller looks again.
      if (!(error instanceof RecipeError)) throw error;
    }
    if (!this.#call.ended) this.#call.end();
  }

  /** Waits for a candidate. @returns undefined when there will be none for this caller. */
  async #firstPut(name: Uint8Array, afterRevision: number): Promise<mvccpb.KeyValue | undefined> {
    let found: mvccpb.KeyValue | undefined;
    await this.#watch(prefixOf(name), afterRevision + 1, (event) => {
      if (!event.isDelete) found = fromBinary(mvccpb.KeyValueSchema, event.record);
      return found === undefined ? undefined : "done";
    });
    return found;
  }

  /** Shows the puts on the leader's key. @returns true once it is deleted, false when the stream ends. */
  async #follow(key: Uint8Array, afterRevision: number): Promise<boolean> {
    let lastRevision = afterRevision;
    for (;;) {
      if (this.#isBlocked) await this.#drained();
      if (this.#caller.hasLeft) return false;
      const end = await this.#watch({ from: key, to: undefined }, lastRevision + 1, (event) => {
        if (event.isDelete) return "done";
        lastRevision = event.revision;
        this.#send(fromBinary(mvccpb.KeyValueSchema, event.record), 0);
        return this.#isBlocked ? "blocked" : undefined;
      });
      if (end !== "blocked") return end === "done";
    }
  }

  /** Hands events to `take`, in order, until it says how to go on. */
  #watch(
    range: { readonly from: Uint8Array; readonly to: Uint8Array | undefined },
    startRevision: number,
    take: (event: WatchedEvent) => WatchEnd | undefined,
  ): Promise<WatchEnd> {
    return new Promise((resolve) => {
      let hasEnded = false;
      const finish = (end: WatchEnd): void => {
        if (hasEnded) return;
        hasEnded = true;
        this.#caller.whenLeft(undefined);
        resolve(end);
      };
      const cancel = this.#client.watches.watch(range, startRevision, {
        onEvents: (events) => {
          for (const event of events) {
            const end = hasEnded ? "done" : take(event);
            if (end === undefined) continue;
            cancel();
            finish(end);
            return;
          }
        },
        onClosed: () => {
          finish("closed");
        },
      });
      this.#caller.whenLeft(() => {
        cancel();
        finish("left");
      });
      if (this.#caller.hasLeft) {
        cancel();
        finish("left");
      }
    });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#onDrained = undefined;
        this.#caller.whenLeft(undefined);
        resolve();
      };
      this.#onDrained = finish;
      this.#caller.whenLeft(finish);
    });
  }

  /** `revision` 0 stands for the newest. */
  #send(kv: mvccpb.KeyValue, revision: number): void {
    if (this.#call.ended) return;
    const header = this.#headers.message();
    const shown = revision === 0 ? header : { ...header, revision: BigInt(revision) };
    const message = encodeMessage(v3electionpb.LeaderResponseSchema, { header: shown, kv });
    if (!this.#call.send(message)) this.#isBlocked = true;
  }
}
