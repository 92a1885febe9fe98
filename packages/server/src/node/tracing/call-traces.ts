/**
 * Traces of calls: a span for each call as its server sees it, in the trace that its client names, and within it one for the request,
 * with what happened to it on its way.
 *
 *     etcdserverpb.KV/Put [------------------------------]      from the dispatch to the end of the call
 *       put                [----------------------------]      with events: proposed, applied here
 *         apply                             [--]               while the entry changes the state
 *
 * Nothing of this is in the way of calls unless traces are wanted: it wraps methods, the driver's port and the applier when they are built.
 * What waits for the identity of its caller goes on in a later turn and has no events.
 */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import type { ApplyOutcome } from "@quorate/machine";
import { GrpcStatus, type CallBase, type Method } from "@quorate/rpc";
import { requestIdOf, type EntryId } from "./entry-id.js";
import type { ProposalWaiter, ReadWaiter } from "../../api/member-port.js";
import type { ServiceRegistry } from "../../api/register-services.js";
import type { RequestApplier } from "../../member/entry-applier.js";
import type { RequestObserver } from "../../member/member-facade.js";
import { ObservedStream } from "./observed-stream.js";
import { describeRequest } from "./request-spans.js";
import { parseTraceParent } from "./trace-parent.js";

/** Proposals of which an entry is expected; those beyond have no span of their application. */
export const PROPOSALS_MAX = 10_000;

/** Statuses that are the server's fault. Source: OpenTelemetry's conventions for gRPC. */
const SERVER_FAULTS: ReadonlySet<number> = new Set([
  GrpcStatus.unknown,
  GrpcStatus.deadlineExceeded,
  GrpcStatus.unimplemented,
  GrpcStatus.internal,
  GrpcStatus.unavailable,
  GrpcStatus.dataLoss,
]);

interface CallSpans {
  readonly server: Span;
  readonly request: Span | undefined;
}

export class CallTraces implements RequestObserver {
  readonly #tracer: Tracer;
  readonly #spans = new WeakMap<CallBase, CallSpans>();
  /** Spans of requests that were proposed, by the suffix of their ids. */
  readonly #proposed = new Map<number, Span>();
  /** The request whose handler runs now. */
  #current: Span | undefined;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** A registry in front of `registry` whose methods begin spans. */
  tracing(registry: ServiceRegistry): ServiceRegistry {
    return {
      addService: (service, methods) => {
        const traced = Object.entries(methods).map(
          ([name, method]) => [name, this.#traced(`${service}/${name}`, method)] as const,
        );
        registry.addService(service, Object.fromEntries(traced));
      },
    };
  }

  /** To be told of the end of each call. */
  readonly onCallEnded = (call: CallBase, status: number): void => {
    const spans = this.#spans.get(call);
    if (spans === undefined) return;
    this.#spans.delete(call);
    const { server, request } = spans;
    request?.end();
    server.setAttribute("rpc.grpc.status_code", status);
    if (SERVER_FAULTS.has(status)) server.setStatus({ code: SpanStatusCode.ERROR });
    server.end();
  };

  // What happens to requests

  proposed(requestSuffix: number, waiter: ProposalWaiter): ProposalWaiter {
    const span = this.#current;
    if (span === undefined) return waiter;
    span.addEvent("proposed");
    if (this.#proposed.size < PROPOSALS_MAX) this.#proposed.set(requestSuffix, span);
    const settle = (): void => void this.#proposed.delete(requestSuffix);
    const { onlyAsLeader = false } = waiter;
    return {
      onlyAsLeader,
      onApplied: (outcome) => {
        settle();
        span.addEvent("applied");
        waiter.onApplied(outcome);
      },
      onFailed: (failure) => {
        settle();
        waiter.onFailed(failure);
      },
    };
  }

  abandoned(requestSuffix: number): void {
    this.#proposed.delete(requestSuffix);
  }

  reading(waiter: ReadWaiter): ReadWaiter {
    const span = this.#current;
    if (span === undefined) return waiter;
    return {
      onReady: () => {
        span.addEvent("agreement among raft nodes before linearized reading");
        waiter.onReady();
      },
      onFailed: (failure) => {
        waiter.onFailed(failure);
      },
    };
  }

  /** An applier in front of `applier`, whose work on entries that were proposed here has spans. */
  applier(applier: RequestApplier): RequestApplier {
    const id: EntryId = { prefix: 0, suffix: 0 };
    return {
      apply: (index, term, entry, wanted) => {
        const parent =
          wanted && this.#proposed.size > 0 && requestIdOf(entry, id)
            ? this.#proposed.get(id.suffix)
            : undefined;
        if (parent === undefined) return applier.apply(index, term, entry, wanted);
        const span = this.#start("apply", parent);
        span.setAttribute("index", index);
        const outcome = applier.apply(index, term, entry, wanted);
        if (!(outcome instanceof Promise)) return ended(span, outcome);
        return outcome.then((settled) => ended(span, settled));
      },
    };
  }

  // Calls

  #traced(name: string, method: Method): Method {
    switch (method.kind) {
      case "unary": {
        const { handler } = method;
        return {
          kind: "unary",
          handler: (call, message) => {
            this.#run(this.#startCall(name, call, message), () => {
              handler(call, message);
            });
          },
        };
      }
      case "server-stream": {
        const { handler } = method;
        return {
          kind: "server-stream",
          handler: (call, message) => {
            this.#run(this.#startCall(name, call, message), () => {
              handler(call, message);
            });
          },
        };
      }
      case "client-stream": {
        const { handler } = method;
        return {
          kind: "client-stream",
          handler: (call) => {
            this.#startCall(name, call, undefined);
            handler(call);
          },
        };
      }
      case "bidi": {
        const { handler } = method;
        return {
          kind: "bidi",
          handler: (call) => {
            this.#startCall(name, call, undefined);
            const server = this.#spans.get(call)?.server;
            if (server === undefined) handler(call);
            else
              handler(
                new ObservedStream(call, (message, handle) =>
                  this.#runMessage(server, call, { message, handle }),
                ),
              );
          },
        };
      }
    }
  }

  /** @returns the span of the request; undefined when it has none or the trace is not kept. */
  #startCall(name: string, call: CallBase, message: Uint8Array | undefined): Span | undefined {
    const server = this.#tracer.startSpan(name, { kind: SpanKind.SERVER }, parentOf(call));
    if (!server.isRecording()) return undefined;
    const slash = name.indexOf("/");
    server.setAttributes({
      "rpc.system": "grpc",
      "rpc.service": name.slice(0, slash),
      "rpc.method": name.slice(slash + 1),
      "network.peer.address": call.peer,
    });
    const described = message === undefined ? undefined : describeRequest(call.path, message);
    const request = described === undefined ? undefined : this.#start(described.name, server);
    if (described !== undefined) request?.setAttributes(described.attributes);
    this.#spans.set(call, { server, request });
    return request;
  }

  #runMessage(
    server: Span,
    call: CallBase,
    { message, handle }: { readonly message: Uint8Array; readonly handle: () => void },
  ): void {
    const described = describeRequest(call.path, message);
    if (described === undefined) return handle();
    const span = this.#start(described.name, server);
    span.setAttributes(described.attributes);
    this.#run(span, handle);
    span.end();
  }

  #run(span: Span | undefined, work: () => void): void {
    this.#current = span;
    try {
      work();
    } finally {
      this.#current = undefined;
    }
  }

  #start(name: string, parent: Span): Span {
    return this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL }, trace.setSpan(ROOT_CONTEXT, parent));
  }
}

function parentOf(call: CallBase): Context {
  const parent = parseTraceParent(call.metadata.get("traceparent"));
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function ended(span: Span, outcome: ApplyOutcome): ApplyOutcome {
  span.setAttribute("success", outcome.refusal === undefined);
  span.end();
  return outcome;
}
