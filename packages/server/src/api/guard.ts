/**
 * What every call passes before its handler runs, in this order: a learner serves next to nothing; the client's version must be
 * text; a caller that insists on a leader gets none without one. A handler that finds its request malformed ends here too.
 *
 * Any other error of a handler is a fault of ours and goes on, which ends the process: state it left half changed must not
 * be served. That includes a RangeError. Those that a client could cause, because the work on a request grows or nests with
 * it, come from reading and checking requests, which change nothing: see `contain`.
 * Source: kv-watch-lease 1.10.
 */
import { WireError } from "@quorate/machine";
import type { CallBase, Metadata, Method } from "@quorate/rpc";
import type { ErrorName } from "@quorate/proto";
import { LeaderBoundStream } from "./lease/leader-bound-stream.js";
import type { LeaderWatch } from "./lease/leader-watch.js";
import type { MemberPort } from "./member-port.js";
import { failCall, failMalformed, type RequestKind } from "./to-status.js";

/** Whether a learner answers a method; a function looks at the request. */
export type LearnerRule = boolean | ((message: Uint8Array) => boolean);

export interface GuardedMethod {
  readonly method: Method;
  readonly onLearner: LearnerRule;
}

/** What is known of a call when it begins. */
interface Opening {
  readonly kind: RequestKind;
  readonly onLearner: LearnerRule;
  /** Of a method that has one before its handler runs. */
  readonly message: Uint8Array | undefined;
}

/** What the metadata of a call says, found once per metadata object: connections repeat theirs. */
interface CallerFacts {
  readonly versionIsText: boolean;
  readonly needsLeader: boolean;
}

export class Guard {
  readonly #member: Pick<MemberPort, "isLearner" | "leaderId">;
  readonly #leaders: LeaderWatch;
  readonly #facts = new WeakMap<Metadata, CallerFacts>();
  /** Those found last: calls of one connection come together. */
  #lastMetadata: Metadata | undefined;
  #lastFacts: CallerFacts | undefined;

  /** @param leaders ends streams whose callers insist on a leader; those with requests of their own are given to it by their services. */
  constructor(member: Pick<MemberPort, "isLearner" | "leaderId">, leaders: LeaderWatch) {
    this.#member = member;
    this.#leaders = leaders;
  }

  /** The method with its checks in front. */
  protect({ method, onLearner }: GuardedMethod): Method {
    switch (method.kind) {
      case "unary": {
        const { handler } = method;
        return {
          kind: "unary",
          handler: (call, message) => {
            if (!this.#admits(call, { kind: "unary", onLearner, message })) return;
            try {
              handler(call, message);
            } catch (error) {
              failUnlessOurs(call, error, "unary");
            }
          },
        };
      }
      case "server-stream": {
        const { handler } = method;
        return {
          kind: "server-stream",
          handler: (call, message) => {
            if (!this.#admits(call, { kind: "stream", onLearner, message })) return;
            const { needsLeader } = this.#factsOf(call.metadata);
            try {
              handler(needsLeader ? new LeaderBoundStream(call, this.#leaders) : call, message);
            } catch (error) {
              failUnlessOurs(call, error, "stream");
            }
          },
        };
      }
      case "client-stream": {
        const { handler } = method;
        return {
          kind: "client-stream",
          handler: (call) => {
            if (this.#admits(call, { kind: "stream", onLearner, message: undefined })) handler(call);
          },
        };
      }
      case "bidi": {
        const { handler } = method;
        return {
          kind: "bidi",
          handler: (call) => {
            if (this.#admits(call, { kind: "stream", onLearner, message: undefined })) handler(call);
          },
        };
      }
    }
  }

  /** Whether the call may go on; one that may not has been ended. */
  #admits(call: CallBase, opening: Opening): boolean {
    try {
      const failure = this.#check(call, opening);
      if (failure === undefined) return true;
      failCall(call, failure);
    } catch (error) {
      failUnlessOurs(call, error, opening.kind);
    }
    return false;
  }

  #check(call: CallBase, { onLearner, message }: Opening): ErrorName | undefined {
    if (this.#member.isLearner && !learnerServes(onLearner, message)) return "not-supported-for-learner";
    const facts = this.#factsOf(call.metadata);
    if (!facts.versionIsText) return "invalid-client-api-version";
    return facts.needsLeader && this.#member.leaderId === 0n ? "no-leader" : undefined;
  }

  #factsOf(metadata: Metadata): CallerFacts {
    if (metadata === this.#lastMetadata && this.#lastFacts !== undefined) return this.#lastFacts;
    const facts = this.#facts.get(metadata) ?? this.#findFacts(metadata);
    this.#lastMetadata = metadata;
    this.#lastFacts = facts;
    return facts;
  }

  #findFacts(metadata: Metadata): CallerFacts {
    const facts = {
      versionIsText: metadata.getAll("client-api-version").every(isText),
      needsLeader: metadata.get("hasleader") === "true",
    };
    this.#facts.set(metadata, facts);
    return facts;
  }
}

/** A request that cannot be read is the client's fault; anything else is ours and goes on. */
export function failUnlessOurs(call: CallBase, error: unknown, kind: RequestKind): void {
  if (!(error instanceof WireError)) throw error;
  failMalformed(call, kind);
}

function learnerServes(rule: LearnerRule, message: Uint8Array | undefined): boolean {
  return typeof rule === "boolean" ? rule : message !== undefined && rule(message);
}

/**
 * Whether a metadata value, which arrives as one character per byte, is UTF-8. A transport that decodes has put U+FFFD where
 * it could not.
 */
function isText(value: string): boolean {
  for (let at = 0; at < value.length;) {
    const lead = value.charCodeAt(at);
    if (lead > 0xff) return !value.includes("\ufffd");
    const size = utf8Size(lead);
    if (size === 0 || !hasTail(value, at, size)) return false;
    at += size;
  }
  return true;
}

function utf8Size(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function hasTail(value: string, at: number, size: number): boolean {
  const lead = value.charCodeAt(at);
  for (let i = 1; i < size; i++) {
    const byte = value.charCodeAt(at + i);
    // NaN behind the end fails this comparison as it should.
    if (!(byte >= 0x80 && byte < 0xc0)) return false;
  }
  const second = value.charCodeAt(at + 1);
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  return lead !== 0xf4 || second < 0x90;
}
