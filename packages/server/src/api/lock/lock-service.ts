/**
 * The Lock service: a lock is held by the oldest key of a prefix, and a key lives no longer than its lease. The recipe is the
 * one that clients know, so the two exclude one another. Source: kv-watch-lease 9.2.
 */
import { etcdserverpb as pb, v3lockpb, create } from "@quorate/proto";
import type { UnaryCall } from "@quorate/rpc";
import { replyMessage } from "../generated-codec.js";
import type { GuardedMethod } from "../guard.js";
import { Caller } from "./caller.js";
import {
  RecipeClient,
  decodeKept,
  failRecipe,
  keyOf,
  prefixOf,
  recipeError,
  type RecipeServices,
} from "./recipe-client.js";
import { waitDeletes } from "./wait-deletes.js";

const { CREATE } = pb.RangeRequest_SortTarget;
const { ASCEND } = pb.RangeRequest_SortOrder;
const { EQUAL } = pb.Compare_CompareResult;

export interface LockServiceOptions extends RecipeServices {
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class LockService {
  readonly #options: LockServiceOptions;

  constructor(options: LockServiceOptions) {
    this.#options = options;
  }

  /** The methods of `v3lockpb.Lock`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      Lock: { method: { kind: "unary", handler: this.#handleLock }, onLearner: false },
      Unlock: { method: { kind: "unary", handler: this.#handleUnlock }, onLearner: false },
    };
  }

  readonly #handleLock = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeKept(v3lockpb.LockRequestSchema, message);
    const caller = new Caller(call);
    const client = new RecipeClient(this.#options, call);
    lock(client, request, caller).then(
      (response) => {
        if (response !== undefined) replyMessage(call, v3lockpb.LockResponseSchema, response);
      },
      (error: unknown) => {
        failRecipe(call, error, this.#options.onError);
      },
    );
  };

  /** Deletes the key, whoever's it is. */
  readonly #handleUnlock = (call: UnaryCall, message: Uint8Array): void => {
    const { key } = decodeKept(v3lockpb.UnlockRequestSchema, message);
    new RecipeClient(this.#options, call).delete(key).then(
      ({ header }) => {
        replyMessage(call, v3lockpb.UnlockResponseSchema, header === undefined ? {} : { header });
      },
      (error: unknown) => {
        failRecipe(call, error, this.#options.onError);
      },
    );
  };
}

interface Held {
  readonly header?: pb.ResponseHeader;
  readonly key: Uint8Array;
}

/** @returns undefined when the caller has left; its key is gone then. */
async function lock(
  client: RecipeClient,
  { name, lease }: v3lockpb.LockRequest,
  caller: Caller,
): Promise<Held | undefined> {
  const prefix = prefixOf(name);
  const session = await client.session(lease);
  const key = keyOf(prefix.from, session);
  const attempt = await enqueue(client, { prefix, key, lease: session });
  if (attempt.isOwner) return { ...headerOf(attempt.header), key };
  const { ownRevision } = attempt;
  try {
    if (!(await waitDeletes(client, { prefix, ownRevision, caller }))) {
      await client.delete(key);
      return undefined;
    }
    const own = await client.range({ key });
    // The lease may have ended while we waited, and the key with it.
    if (own.kvs.length === 0) throw recipeError("session-expired");
    return { ...headerOf(own.header), key };
  } catch (error) {
    await client.delete(key).catch(() => undefined);
    throw error;
  }
}

function headerOf(header: pb.ResponseHeader | undefined): { readonly header?: pb.ResponseHeader } {
  return header === undefined ? {} : { header };
}

/** Puts the key unless it is there, and looks at the oldest of the prefix in the same transaction. */
async function enqueue(
  client: RecipeClient,
  place: {
    readonly prefix: { readonly from: Uint8Array; readonly to: Uint8Array };
    readonly key: Uint8Array;
    readonly lease: bigint;
  },
): Promise<{
  readonly header: pb.ResponseHeader | undefined;
  readonly ownRevision: bigint;
  readonly isOwner: boolean;
}> {
  const { prefix, key, lease } = place;
  const oldest = {
    request: {
      case: "requestRange" as const,
      value: create(pb.RangeRequestSchema, {
        key: prefix.from,
        rangeEnd: prefix.to,
        sortTarget: CREATE,
        sortOrder: ASCEND,
        limit: 1n,
      }),
    },
  };
  const put = {
    request: { case: "requestPut" as const, value: create(pb.PutRequestSchema, { key, lease }) },
  };
  const get = { request: { case: "requestRange" as const, value: create(pb.RangeRequestSchema, { key }) } };
  const answer = await client.txn({
    compare: [createdAt(key, 0n)],
    success: [put, oldest],
    failure: [get, oldest],
  });
  const own = rangeOf(answer.responses[0]);
  const ownRevision = answer.succeeded ? revisionOf(answer) : (own?.kvs[0]?.createRevision ?? 0n);
  const owner = rangeOf(answer.responses[1])?.kvs[0];
  return {
    header: answer.header,
    ownRevision,
    isOwner: owner === undefined || owner.createRevision === ownRevision,
  };
}

function revisionOf({ header }: pb.TxnResponse): bigint {
  return header?.revision ?? 0n;
}

export function rangeOf(op: pb.ResponseOp | undefined): pb.RangeResponse | undefined {
  return op?.response.case === "responseRange" ? op.response.value : undefined;
}

/** Holds when the key was created at `revision`; 0 when it is not there. */
export function createdAt(key: Uint8Array, revision: bigint): pb.Compare {
  return create(pb.CompareSchema, {
    key,
    result: EQUAL,
    target: pb.Compare_CompareTarget.CREATE,
    targetUnion: { case: "createRevision", value: revision },
  });
}
