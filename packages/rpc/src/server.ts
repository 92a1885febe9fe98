/**
 * The gRPC server: methods, and the connections that were handed to it. It opens no port of its own (client-port.ts).
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Connection } from "./connection/connection.js";
import type { MethodCounters, ServerCounters } from "./counters.js";
import { SlowCalls } from "./slow-calls.js";
import { createServerCounters } from "./counters.js";
import type { Method } from "./grpc-call.js";
import { LocalCall, type LocalCaller, type LocalCallEvents, type LocalCallOptions } from "./local-call.js";
import { MethodRegistry } from "./grpc/method-registry.js";
import { ZlibJobs } from "./grpc/zlib-jobs.js";
import { ChunkPool } from "./http2/output-buffer.js";
import { Newcomers } from "./newcomers.js";
import type { GrpcServerOptions } from "./options.js";
import { resolveOptions } from "./options.js";
import { sniffProtocol } from "./protocol-sniffer.js";
import type { ServerContext } from "./server-context.js";
import { GrpcStatus } from "./status.js";
import { Alarm, TimerWheel } from "./timer-wheel.js";

/** Takes over a connection that does not speak HTTP/2; its first bytes have been put back into the socket. */
export type Http1Listener = (socket: Socket | TLSSocket) => void;

/** The caller of a call that never began. */
const GONE: LocalCaller = {
  send: () => undefined,
  end: () => undefined,
  cancel: () => undefined,
  drained: () => undefined,
  paused: () => false,
};

/** "close" follows. */
const ignore = (): void => undefined;

/** Deadlines are told this late at most, in ms. */
const tickMs = 10;
const slotCount = 1024;

export class GrpcServer {
  /** Live numbers; see `ServerCounters`. */
  readonly counters: ServerCounters = createServerCounters();
  readonly #registry: MethodRegistry;
  readonly #context: ServerContext;
  readonly #connections = new Set<Connection>();
  /** Sockets that have not said yet what they speak. */
  readonly #undecided = new Set<Socket>();
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: GrpcServerOptions = {}) {
    const resolved = resolveOptions(options);
    this.#registry = new MethodRegistry(resolved.createTiming);
    this.#context = {
      options: resolved,
      counters: this.counters,
      registry: this.#registry,
      wheel: new TimerWheel({ tickMs, slotCount, nowMs: resolved.nowMs }),
      slowCalls: new SlowCalls(resolved.slowCalls, resolved.nowMs),
      zlib: new ZlibJobs(resolved.limits.zlibJobsMax),
      chunks: new ChunkPool(),
      newcomers: new Newcomers(resolved.nowMs, resolved.limits.newcomersMs),
      nowMs: resolved.nowMs,
    };
  }

  /**
   * Registers the methods of a service; before the first connection.
   * @param serviceName full name with its package, for example `grpc.health.v1.Health`; asserts that it is new.
   */
  addService(serviceName: string, methods: Readonly<Record<string, Method>>): void {
    this.#registry.add(serviceName, methods);
  }

  /**
   * Takes over a connected socket (after the TLS handshake, if any). HTTP/2 is served here; anything else goes to
   * `onHttp1`, or is closed without one. Create the listening socket with `allowHalfOpen: true`.
   */
  handleSocket(socket: Socket | TLSSocket, onHttp1?: Http1Listener): void {
    if (
      this.#draining ||
      this.#connections.size + this.#undecided.size >= this.#context.options.connectionsMax
    ) {
      this.counters.connectionsRefused++;
      socket.on("error", ignore);
      socket.destroy();
      return;
    }
    if ("alpnProtocol" in socket && socket.alpnProtocol === "http/1.1") {
      this.#handOver(socket, onHttp1);
      return;
    }
    this.#undecided.add(socket);
    this.#runInLane(socket, () => this.#sniff(socket, onHttp1));
  }

  /** Does `work` for a socket that nobody listens to meanwhile, in its turn among the newcomers, unless it is gone then. */
  #runInLane(socket: Socket, work: () => void): void {
    socket.on("error", ignore);
    this.#context.newcomers.run(() => {
      if (socket.destroyed) {
        this.#undecided.delete(socket);
        this.#checkEmpty();
        return;
      }
      work();
      socket.off("error", ignore);
    });
  }

  #sniff(socket: Socket | TLSSocket, onHttp1: Http1Listener | undefined): void {
    const timing = { wheel: this.#context.wheel, timeoutMs: this.#context.options.limits.prefaceTimeoutMs };
    sniffProtocol(socket, timing, {
      onHttp2: (rest) => {
        // The prefaces of a crowd may all be read in one turn.
        socket.pause();
        this.#runInLane(socket, () => {
          this.#undecided.delete(socket);
          // First, because the connection may want it to rest.
          socket.resume();
          this.#accept(socket, rest);
        });
      },
      onOther: () => {
        this.#undecided.delete(socket);
        // Who has agreed on h2 and speaks something else is not served by anybody.
        this.#handOver(
          socket,
          "alpnProtocol" in socket && socket.alpnProtocol === "h2" ? undefined : onHttp1,
        );
      },
      onGone: () => {
        this.#undecided.delete(socket);
        this.#checkEmpty();
      },
    });
  }

  /**
   * Makes a call from within the process, on behalf of somebody who has come another way. A path that is not registered ends it with
   * `unimplemented`. Such calls are not waited for by `drain`.
   */
  callLocally(options: LocalCallOptions, events: LocalCallEvents): LocalCaller {
    const registered = this.#registry.find(options.path);
    if (registered === undefined) {
      events.onEnd(GrpcStatus.unimplemented, this.#registry.refuse(options.path).message);
      return GONE;
    }
    const call = new LocalCall(this.#context, registered, { options, events });
    call.start();
    return call.caller;
  }

  /** Counters of all registered methods, in the order of registration. */
  methodCounters(): readonly MethodCounters[] {
    return this.#registry.counters();
  }

  /**
   * Ends gracefully: no new connections, no new calls on the old ones, open calls run to their end. Resolves when all
   * connections are closed, which is after `graceMs` at the latest: what is open then is cut off.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    for (const socket of this.#undecided) socket.destroy();
    for (const connection of this.#connections) connection.drain();
    const deadline = new Alarm(() => {
      this.close();
    });
    this.#context.wheel.startIn(deadline, graceMs);
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#checkEmpty();
    });
    this.#context.wheel.stop(deadline);
  }

  /** Ends at once: every open call is told that its connection is lost. */
  close(): void {
    this.#draining = true;
    for (const socket of this.#undecided) socket.destroy();
    for (const connection of this.#connections) connection.close();
    this.#context.slowCalls.close();
  }

  #accept(socket: Socket | TLSSocket, rest: Buffer): void {
    const connection = new Connection(this.#context, socket, (closed) => {
      this.#connections.delete(closed);
      this.counters.connectionsOpen--;
      this.#checkEmpty();
    });
    this.#connections.add(connection);
    this.counters.connectionsOpen++;
    this.counters.connectionsTotal++;
    connection.start(rest);
  }

  #handOver(socket: Socket | TLSSocket, onHttp1: Http1Listener | undefined): void {
    this.counters.connectionsHttp1++;
    if (onHttp1 === undefined) socket.destroy();
    else onHttp1(socket);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0 && this.#undecided.size === 0) this.#onEmpty?.();
  }
}

export function createGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return new GrpcServer(options);
}
