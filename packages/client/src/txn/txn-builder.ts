/**
 * A transaction, written like a sentence:
 *
 *     client.txn().if(missing("a")).do(put("a", "1")).else(get("a")).commit()
 *
 * Each step gives a new builder, so that the types of the results follow. A nested transaction is an operation too: `nested(...)`.
 */
import { create, etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import type { Keyspace } from "../namespace/keyspace.js";
import type { Condition } from "./conditions.js";
import { op, unexpected, type Operation, type Results } from "./operations.js";

type Operations = readonly Operation<unknown>[];

/** Which branch was taken, and what its operations gave. */
export type TxnResult<Then extends Operations, Else extends Operations> =
  | { readonly succeeded: true; readonly revision: bigint; readonly results: Results<Then> }
  | { readonly succeeded: false; readonly revision: bigint; readonly results: Results<Else> };

/** What a transaction consists of, before it is anywhere. */
interface Parts<Then extends Operations, Else extends Operations> {
  readonly conditions: readonly Condition[];
  readonly whenTrue: Then;
  readonly whenFalse: Else;
}

class Sentence<Then extends Operations, Else extends Operations> {
  readonly parts: Parts<Then, Else>;

  constructor(parts: Parts<Then, Else>) {
    this.parts = parts;
  }

  get isWrite(): boolean {
    return [...this.parts.whenTrue, ...this.parts.whenFalse].some(({ isWrite }) => isWrite);
  }

  encode(keyspace: Keyspace): etcdserverpb.TxnRequest {
    const { conditions, whenTrue, whenFalse } = this.parts;
    return create(etcdserverpb.TxnRequestSchema, {
      compare: conditions.map((condition) => condition.encode(keyspace)),
      success: whenTrue.map((operation) => operation.encode(keyspace)),
      failure: whenFalse.map((operation) => operation.encode(keyspace)),
    });
  }

  decode(response: etcdserverpb.TxnResponse, keyspace: Keyspace): TxnResult<Then, Else> {
    const { succeeded, responses, header } = response;
    const operations: Operations = succeeded ? this.parts.whenTrue : this.parts.whenFalse;
    if (responses.length !== operations.length) throw unexpected("transaction");
    const results = operations.map((operation, i) => {
      const each = responses[i];
      if (each === undefined) throw unexpected("transaction");
      return operation.decode(each, keyspace);
    });
    // The operations of the branch that was taken made these results, in their order.
    return { succeeded, revision: header?.revision ?? 0n, results } as unknown as TxnResult<Then, Else>;
  }
}

/** All conditions must hold; without any, `do` is done. */
export class TxnBuilder<Then extends Operations = [], Else extends Operations = []> {
  readonly #calls: Calls;
  readonly #keyspace: Keyspace;
  readonly #sentence: Sentence<Then, Else>;

  constructor(
    calls: Calls,
    keyspace: Keyspace,
    parts: Parts<Then, Else> = { conditions: [], whenTrue: [], whenFalse: [] } as unknown as Parts<
      Then,
      Else
    >,
  ) {
    this.#calls = calls;
    this.#keyspace = keyspace;
    this.#sentence = new Sentence(parts);
  }

  /** Conditions that must hold too. */
  if(...conditions: readonly Condition[]): TxnBuilder<Then, Else> {
    const { parts } = this.#sentence;
    return this.#with({ ...parts, conditions: [...parts.conditions, ...conditions] });
  }

  /** Not `then`: what has one is taken for a promise. */
  do<const T extends Operations>(...operations: T): TxnBuilder<T, Else> {
    return this.#with({ ...this.#sentence.parts, whenTrue: operations });
  }

  /** What is done when a condition does not hold. */
  else<const T extends Operations>(...operations: T): TxnBuilder<Then, T> {
    return this.#with({ ...this.#sentence.parts, whenFalse: operations });
  }

  /** @throws a refusal `too-many-ops`, `duplicate-key`, ...; `UnknownOutcomeError` when an answer to a write was lost. */
  async commit(options: CallOptions = {}): Promise<TxnResult<Then, Else>> {
    const request = this.#sentence.encode(this.#keyspace);
    const safety = this.#sentence.isWrite ? "write" : "read";
    const answer = await this.#calls.unary(etcdserverpb.KV.method.txn, request, { ...options, safety });
    return this.#sentence.decode(answer, this.#keyspace);
  }

  /** The transaction as an operation of another one. */
  nested(): Operation<TxnResult<Then, Else>> {
    const sentence = this.#sentence;
    return {
      isWrite: sentence.isWrite,
      encode: (keyspace) => op({ case: "requestTxn", value: sentence.encode(keyspace) }),
      decode: ({ response }, keyspace) => {
        if (response.case !== "responseTxn") throw unexpected("transaction");
        return sentence.decode(response.value, keyspace);
      },
    };
  }

  #with<T extends Operations, E extends Operations>(parts: Parts<T, E>): TxnBuilder<T, E> {
    return new TxnBuilder(this.#calls, this.#keyspace, parts);
  }
}
