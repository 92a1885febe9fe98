/** A client's side of calls to simulated members: one request and its answer, or a stream both ways. */
import {
  create,
  fromBinary,
  GrpcStatus,
  toBinary,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import type { Outcome, WireClient } from "../load/key-value-wire.js";
import type { Metadata } from "@quorate/rpc";
import type { SimNetwork } from "../world/sim-network.js";
import type { VirtualTime } from "../world/virtual-time.js";
import { SimCall, startCall, type CallEvents } from "./sim-calls.js";
import type { SimMember } from "./sim-member.js";

/** Between asking a machine where nothing listens, and being told so. */
const REFUSED_MS = 1;

export interface ClientParts {
  readonly name: string;
  readonly time: VirtualTime;
  readonly network: SimNetwork;
  /** What each call says about its caller; nothing by default. */
  readonly metadata?: Metadata;
}

/** Calls to one member. A call whose member ends, or whose line is cut, learns it or waits for its deadline, as over TCP. */
export class SimClient implements WireClient {
  readonly #parts: ClientParts;
  readonly #member: SimMember;

  constructor(parts: ClientParts, member: SimMember) {
    this.#parts = parts;
    this.#member = member;
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    deadlineMs: number,
  ): Promise<Outcome<MessageShape<O>>> {
    const bytes = toBinary<I>(method.input, create<I>(method.input, request));
    return new Promise((resolve) => {
      let answer: MessageShape<O> | undefined;
      const stream = this.open(
        `/${method.parent.typeName}/${method.name}`,
        {
          onMessage: (message) => (answer = fromBinary(method.output, message)),
          onEnd: (code, text) => {
            cancelDeadline();
            resolve(
              code === GrpcStatus.Ok && answer !== undefined
                ? { ok: true, message: answer }
                : { ok: false, code, text },
            );
          },
        },
        bytes,
      );
      const cancelDeadline = this.#parts.time.after(deadlineMs, () => {
        stream.cancel();
        resolve({
          ok: false,
          code: GrpcStatus.DeadlineExceeded,
          text: "Deadline exceeded after a while,remote_addr=",
        });
      });
    });
  }

  /** @param first the only message of a call that takes one. */
  open(path: string, events: CallEvents, first?: Uint8Array): SimStream {
    return new SimStream(this.#parts, this.#member, { path, events, first });
  }
}

interface Opening {
  readonly path: string;
  readonly events: CallEvents;
  readonly first: Uint8Array | undefined;
}

export class SimStream {
  readonly #parts: ClientParts;
  readonly #member: SimMember;
  readonly #events: CallEvents;
  #call: SimCall | undefined;
  #isEnded = false;

  constructor(parts: ClientParts, member: SimMember, { path, events, first }: Opening) {
    this.#parts = parts;
    this.#member = member;
    this.#events = events;
    this.#toServer(() => this.#begin(path, first));
  }

  send(message: Uint8Array): void {
    this.#toServer(() => this.#inServer(() => this.#call?.take(message)));
  }

  /** The client takes nothing more from its connection, until `feed`. */
  starve(): void {
    this.#inServer(() => this.#call?.starve());
  }

  feed(): void {
    this.#inServer(() => this.#call?.feed());
  }

  cancel(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#toServer(() => this.#inServer(() => this.#call?.cancel()));
  }

  #begin(path: string, first: Uint8Array | undefined): void {
    const { life, services } = this.#member;
    const method = services?.find(path);
    if (life === undefined || services === undefined || method === undefined) {
      const text = services === undefined ? "No connection established" : `unknown method ${path}`;
      this.#parts.time.after(REFUSED_MS, () => this.#end(GrpcStatus.Unavailable, text));
      return;
    }
    const events = {
      onMessage: (message: Uint8Array) =>
        this.#toClient(() => {
          if (!this.#isEnded) this.#events.onMessage(message);
        }),
      onEnd: (code: number, text: string) => this.#toClient(() => this.#end(code, text)),
    };
    const call = new SimCall(path, events, this.#parts.metadata);
    this.#call = call;
    if (method.kind === "bidi") services.follow(call);
    life.run(() => startCall(method, call, first));
    this.#watchOver(life);
  }

  /** The kernel of a machine whose process has ended resets the connection. */
  #watchOver(life: NonNullable<SimMember["life"]>): void {
    const look = (): void => {
      if (this.#isEnded) return;
      if (life.isOver) {
        this.#toClient(() => this.#end(GrpcStatus.Unavailable, "read ECONNRESET"));
        // A line that is cut says nothing; look again, as a keep-alive would.
      }
      this.#parts.time.after(LOOK_MS, look);
    };
    this.#parts.time.after(LOOK_MS, look);
  }

  #inServer(task: () => void): void {
    this.#member.life?.run(task);
  }

  #toServer(arrive: () => void): void {
    this.#parts.network.send(this.#parts.name, this.#member.name, arrive, true);
  }

  #toClient(arrive: () => void): void {
    this.#parts.network.send(this.#member.name, this.#parts.name, arrive, true);
  }

  #end(code: number, text: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.onEnd(code, text);
  }
}

/** How soon the end of a process is noticed by its clients. */
const LOOK_MS = 50;
