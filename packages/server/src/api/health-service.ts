/**
 * The standard health service of gRPC, for the server as a whole (the empty service name). Serving until `stop`.
 * Source: grpc.health.v1; upstream registers no other name.
 */
import { GrpcStatus, health } from "@quorate/proto";
import type { ServerStreamCall, UnaryCall } from "@quorate/rpc";
import { decodeMessage, encodeMessage, replyMessage } from "./generated-codec.js";
import type { GuardedMethod } from "./guard.js";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;
type ServingStatus = health.HealthCheckResponse_ServingStatus;

/** Streams of Watch at once, over all connections; more are refused. */
const WATCHERS_MAX = 1000;

export class HealthService {
  #status: ServingStatus = SERVING;
  readonly #watchers = new Set<ServerStreamCall>();
  /** Streams about names nobody knows. */
  readonly #unknownWatchers = new Set<ServerStreamCall>();

  /** The methods of `grpc.health.v1.Health`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      Check: { method: { kind: "unary", handler: this.#handleCheck }, onLearner: false },
      Watch: { method: { kind: "server-stream", handler: this.#handleWatch }, onLearner: false },
      List: { method: { kind: "unary", handler: this.#handleList }, onLearner: false },
    };
  }

  /** From now on the server says that it does not serve. */
  stop(): void {
    if (this.#status === NOT_SERVING) return;
    this.#status = NOT_SERVING;
    for (const call of this.#watchers) sendStatus(call, NOT_SERVING);
  }

  readonly #handleCheck = (call: UnaryCall, message: Uint8Array): void => {
    const { service } = decodeMessage(health.HealthCheckRequestSchema, message);
    if (service === "") replyMessage(call, health.HealthCheckResponseSchema, { status: this.#status });
    else call.fail(GrpcStatus.NotFound, "unknown service");
  };

  readonly #handleList = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(health.HealthListRequestSchema, message);
    replyMessage(call, health.HealthListResponseSchema, { statuses: { "": { status: this.#status } } });
  };

  /** Tells the status now and at each change; a name nobody knows may become known, so its stream stays open too. */
  readonly #handleWatch = (call: ServerStreamCall, message: Uint8Array): void => {
    const { service } = decodeMessage(health.HealthCheckRequestSchema, message);
    if (this.#watchers.size + this.#unknownWatchers.size >= WATCHERS_MAX) {
      call.fail(GrpcStatus.ResourceExhausted, "too many health watchers");
      return;
    }
    const isServer = service === "";
    // A stream that will never hear more is open all the same, and counts.
    const watchers = isServer ? this.#watchers : this.#unknownWatchers;
    watchers.add(call);
    call.onCancel(() => {
      watchers.delete(call);
    });
    sendStatus(call, isServer ? this.#status : SERVICE_UNKNOWN);
  };
}

function sendStatus(call: ServerStreamCall, status: ServingStatus): void {
  call.send(encodeMessage(health.HealthCheckResponseSchema, { status }));
}
