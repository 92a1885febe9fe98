/**
 * What the recipes of locks and elections do with keys: through the handlers that clients call, so that quotas, alarms and
 * checks hold for them too. Source: kv-watch-lease 9.
 */
import { WireError } from "@quorate/machine";
import {
  ERRORS,
  GrpcStatus,
  etcdserverpb as pb,
  fromBinary,
  toInt64,
  type DescMessage,
  type ErrorName,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import type { CallBase, UnaryHandler } from "@quorate/rpc";
import { decodeMessage, encodeMessage } from "../generated-codec.js";
import type { GuardedMethod } from "../guard.js";
import { callLocally, type Principal } from "./local-call.js";
import type { WatchPort } from "./watch-port.js";

/** Time to live of the lease of a caller that brings none, in seconds; nobody keeps it alive (etcd). */
const SESSION_TTL_SECONDS = 60n;

/** Why a recipe ended: the status its caller gets. */
export class RecipeError extends Error {
  override readonly name = "RecipeError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function recipeError(name: ErrorName): RecipeError {
  return new RecipeError(GrpcStatus.Unknown, ERRORS[name].message);
}

type Methods = Readonly<Record<string, GuardedMethod>>;

export interface RecipeServices {
  /** The methods of `etcdserverpb.KV`. */
  readonly kv: Methods;
  /** The methods of `etcdserverpb.Lease`. */
  readonly lease: Methods;
  readonly watches: WatchPort;
}

export class RecipeClient {
  readonly watches: WatchPort;
  readonly #services: RecipeServices;
  readonly #caller: Principal;

  constructor(services: RecipeServices, caller: Principal) {
    this.#services = services;
    this.#caller = caller;
    this.watches = services.watches;
  }

  /** All of these throw `RecipeError`. */
  range(request: MessageInitShape<typeof pb.RangeRequestSchema>): Promise<pb.RangeResponse> {
    return this.#call(
      handlerOf(this.#services.kv, "Range"),
      [pb.RangeRequestSchema, pb.RangeResponseSchema],
      request,
    );
  }

  txn(request: MessageInitShape<typeof pb.TxnRequestSchema>): Promise<pb.TxnResponse> {
    return this.#call(
      handlerOf(this.#services.kv, "Txn"),
      [pb.TxnRequestSchema, pb.TxnResponseSchema],
      request,
    );
  }

  delete(key: Uint8Array): Promise<pb.DeleteRangeResponse> {
    const schemas = [pb.DeleteRangeRequestSchema, pb.DeleteRangeResponseSchema] as const;
    return this.#call(handlerOf(this.#services.kv, "DeleteRange"), schemas, { key });
  }

  /** The lease that the caller brings, unverified, or a new one. */
  async session(lease: bigint): Promise<bigint> {
    if (lease !== 0n) return lease;
    const schemas = [pb.LeaseGrantRequestSchema, pb.LeaseGrantResponseSchema] as const;
    const granted = await this.#call(handlerOf(this.#services.lease, "LeaseGrant"), schemas, {
      TTL: SESSION_TTL_SECONDS,
    });
    return granted.ID;
  }

  async #call<In extends DescMessage, Out extends DescMessage>(
    handler: UnaryHandler,
    schemas: readonly [In, Out],
    request: MessageInitShape<In>,
  ): Promise<MessageShape<Out>> {
    const answer = await callLocally(handler, encodeMessage(schemas[0], request), this.#caller);
    if ("message" in answer) return fromBinary(schemas[1], answer.message);
    // Callers learnt to tell these services' errors by their text: only what a context says keeps its code.
    const keeps = answer.code === GrpcStatus.Canceled || answer.code === GrpcStatus.DeadlineExceeded;
    throw new RecipeError(keeps ? answer.code : GrpcStatus.Unknown, answer.text);
  }
}

/** Decodes a request that outlives its handler: what the transport lends is copied first. */
export function decodeKept<Desc extends DescMessage>(schema: Desc, message: Uint8Array): MessageShape<Desc> {
  return decodeMessage(schema, new Uint8Array(message));
}

function handlerOf(methods: Methods, name: string): UnaryHandler {
  const method = methods[name]?.method;
  if (method?.kind !== "unary") throw new Error(`no unary method ${name}`);
  return method.handler;
}

/** The prefix under which the keys of a lock or an election lie: the slash keeps `testa` out of `test`. */
export function prefixOf(name: Uint8Array): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const from = new Uint8Array(name.length + 1);
  from.set(name);
  from[name.length] = 0x2f;
  const to = from.slice();
  to[name.length] = 0x30;
  return { from, to };
}

/** The key of a session: the prefix and the lease's id in hexadecimal, with a sign when it is negative. */
export function keyOf(prefix: Uint8Array, lease: bigint): Uint8Array {
  const suffix = toInt64(lease).toString(16);
  const key = new Uint8Array(prefix.length + suffix.length);
  key.set(prefix);
  for (let i = 0; i < suffix.length; i++) key[prefix.length + i] = suffix.charCodeAt(i);
  return key;
}

/** Turns what a recipe threw into the status of its call; anything unexpected is a fault of ours. */
export function failRecipe(call: CallBase, error: unknown, onError: (error: unknown) => void): void {
  if (error instanceof RecipeError) call.fail(error.code, error.message);
  else if (error instanceof WireError) call.fail(GrpcStatus.Internal, error.message);
  else onError(error);
}
