/**
 * Stands in front of every method: waits until it is known who calls, and turns away whoever may not come in by the table. What
 * depends on keys is left to the handler or to the entry, as the table says.
 */
import type { AuthStore } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";
import type { BidiCall, CallBase, Method } from "@quorate/rpc";
import { assert } from "@quorate/std";
import { failUnlessOurs, type GuardedMethod } from "../guard.js";
import { failCall, type RequestKind } from "../to-status.js";
import { ACCESS, type Access, type AccessRule } from "./access-table.js";
import { NO_CALLER, type Identities } from "./identities.js";

export interface AccessGateParts {
  readonly auth: AuthStore;
  readonly identities: Identities;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

type Methods = Readonly<Record<string, GuardedMethod>>;

export class AccessGate {
  readonly #parts: AccessGateParts;
  readonly #table: Readonly<Record<string, AccessRule>>;

  constructor(parts: AccessGateParts, table: Readonly<Record<string, AccessRule>> = ACCESS) {
    this.#parts = parts;
    this.#table = table;
  }

  /** The methods of a service behind the gate. Asserts that each has a row in the table. */
  enclose(service: string, methods: Methods): Methods {
    const enclosed = Object.entries(methods).map(([name, guarded]) => {
      const rule = this.#table[`${service}/${name}`];
      assert(rule !== undefined, () => `${service}/${name} is not in the table of who may call what`);
      return [name, { ...guarded, method: this.#behind(rule, guarded.method) }] as const;
    });
    return Object.fromEntries(enclosed);
  }

  #behind(rule: AccessRule, method: Method): Method {
    if (rule === "open") return method;
    // While authentication is off, which is most members' whole life, this is all that the gate costs.
    const { auth } = this.#parts;
    switch (method.kind) {
      case "unary": {
        const { handler } = method;
        return {
          kind: "unary",
          handler: (call, message) => {
            if (!auth.enabled) {
              handler(call, message);
              return;
            }
            const waiting = this.#parts.identities.ready(call);
            if (waiting !== undefined) this.#later(waiting, call, { kind: "unary", rule, message, handler });
            else if (this.#admits(call, rule, message)) handler(call, message);
          },
        };
      }
      case "server-stream": {
        const { handler } = method;
        return {
          kind: "server-stream",
          handler: (call, message) => {
            if (!auth.enabled) {
              handler(call, message);
              return;
            }
            const waiting = this.#parts.identities.ready(call);
            if (waiting !== undefined) this.#later(waiting, call, { kind: "stream", rule, message, handler });
            else if (this.#admits(call, rule, message)) handler(call, message);
          },
        };
      }
      case "bidi": {
        const { handler } = method;
        return { kind: "bidi", handler: (call) => this.#openStream(call, rule, handler) };
      }
      case "client-stream":
        assert(false, "no service has methods that only take a stream");
    }
  }

  /** The message is lent by the transport until this returns. */
  #later<C extends CallBase>(
    waiting: Promise<void>,
    call: C,
    request: {
      readonly kind: RequestKind;
      readonly rule: AccessRule;
      readonly message: Uint8Array;
      readonly handler: (call: C, message: Uint8Array) => void;
    },
  ): void {
    const { kind, rule, handler } = request;
    const kept = new Uint8Array(request.message);
    waiting
      .then(() => {
        if (call.ended) return;
        try {
          if (this.#admits(call, rule, kept)) handler(call, kept);
        } catch (error) {
          failUnlessOurs(call, error, kind);
        }
      })
      .catch(this.#parts.onError);
  }

  /** Messages of a stream whose caller is not known yet wait in its window. */
  #openStream(call: BidiCall, rule: AccessRule, handler: (call: BidiCall) => void): void {
    const waiting = this.#parts.identities.ready(call);
    if (waiting === undefined) {
      if (this.#admits(call, rule, undefined)) handler(call);
      return;
    }
    call.pause();
    waiting
      .then(() => {
        if (call.ended || !this.#admits(call, rule, undefined)) return;
        handler(call);
        call.resume();
      })
      .catch(this.#parts.onError);
  }

  /** Whether the call may go on; one that may not has been ended. */
  #admits(call: CallBase, rule: AccessRule, message: Uint8Array | undefined): boolean {
    if (!this.#parts.auth.enabled) return true;
    const access = typeof rule === "string" ? rule : message === undefined ? "root" : rule(message);
    const refusal = this.#check(call, access);
    if (refusal !== undefined) failCall(call, refusal);
    return refusal === undefined;
  }

  #check(call: CallBase, access: Access): ErrorName | undefined {
    if (access !== "any-user" && access !== "root") return undefined;
    const { auth, identities } = this.#parts;
    const caller = identities.of(call);
    if (caller === "invalid-auth-token") return caller;
    if (access === "root") return auth.checkAdmin(caller);
    return caller === NO_CALLER ? "user-empty" : undefined;
  }
}
