/**
 * Port between the recipes (leases, locks, elections, caches, ...) and what carries calls to a healthy member: endpoints are picked,
 * tokens attached and refreshed, and calls repeated as their safety allows, before a recipe sees an answer.
 */
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";
import type { BidiStream } from "./transport.js";

/** What every call of the SDK takes. */
export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the call with all its repetitions; default is the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/**
 * What may be done when a call failed without a clear answer.
 * - `read`: changes nothing, so it is repeated at any member.
 * - `idempotent`: repeating it leads to the same state (revoke, keep-alive, member update); repeated too.
 * - `write`: repeated only when the request certainly was not sent or was refused before it could take effect; otherwise the call
 *   rejects with `UnknownOutcomeError`.
 */
export type CallSafety = "read" | "idempotent" | "write";

/** Calls of any method, to whichever member serves; `client.calls`. */
export interface Calls {
  /** One request, one answer. @throws the errors of this SDK, or the signal's reason. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions & {
      readonly safety: CallSafety;
      /** Exactly this endpoint, without balancing: Status, Defragment, HashKV, ... */
      readonly endpoint?: string;
      /** Default true: a member without a leader refuses, so that another one is asked. */
      readonly requireLeader?: boolean;
    },
  ): Promise<MessageShape<O>>;
  /** Not repeated once the first message has come; who reads it knows how to go on. */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions & { readonly endpoint?: string },
  ): AsyncIterable<MessageShape<O>>;
  /**
   * On one healthy endpoint; ends with an error of this SDK's classes when the stream breaks. Without a deadline unless `timeoutMs` is
   * given. Opening the next one picks another endpoint if this one is at fault.
   */
  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options: CallOptions & {
      readonly requireLeader?: boolean;
      /** The refusal that an answer carries in words, if any: it ends the stream as it would as its status. */
      readonly refusalIn?: (answer: MessageShape<O>) => string | undefined;
    },
  ): BidiStream<MessageInitShape<I>, MessageShape<O>>;
  /** Resolves after `attempt` failures' worth of jittered, bounded back-off; rejects when `signal` aborts or the client closes. */
  backOff(attempt: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds of a call that says nothing else. */
  readonly timeoutMs: number;
  /** Aborted when the client closes. */
  readonly closed: AbortSignal;
}
