/**
 * Response headers: who answered, and the state it answered from. The ids never change, so their bytes are made once.
 *
 *     08 cluster_id | 10 member_id | 18 revision | 20 raft_term        (a field that is 0 is left out)
 */
import { WireWriter, varintSize, writeVarint } from "@quorate/machine";
import type { MemberPort } from "./member-port.js";

const TAG_HEADER = 0x0a;
const TAG_REVISION = 0x18;
const TAG_RAFT_TERM = 0x20;

/** What headers need of the member. */
export type HeaderSource = Pick<MemberPort, "clusterId" | "memberId" | "raftTerm"> & {
  readonly store: { readonly revision: number };
};

/** The header as a message, for responses made with the generated code. */
export interface HeaderMessage {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: bigint;
  readonly raftTerm: bigint;
}

export class ResponseHeaders {
  readonly #source: HeaderSource;
  readonly #ids: Uint8Array;

  constructor(source: HeaderSource) {
    this.#source = source;
    const ids = new WireWriter(24);
    ids.bigInt64(0x08, source.clusterId);
    ids.bigInt64(0x10, source.memberId);
    this.#ids = ids.copy();
  }

  /** Appends the header as field 1 of a response; `revision` 0 means the current one. */
  write(out: WireWriter, revision: number): void {
    const shown = revision === 0 ? this.#source.store.revision : revision;
    const term = this.#source.raftTerm;
    const ids = this.#ids;
    const size = ids.length + 1 + varintSize(shown) + (term === 0 ? 0 : 1 + varintSize(term));
    out.reserve(size + 2);
    const { buffer } = out;
    let at = out.length;
    buffer[at++] = TAG_HEADER;
    buffer[at++] = size;
    for (let i = 0; i < ids.length; i++) buffer[at++] = ids[i] as number;
    buffer[at++] = TAG_REVISION;
    at = writeVarint(buffer, at, shown);
    if (term !== 0) {
      buffer[at++] = TAG_RAFT_TERM;
      at = writeVarint(buffer, at, term);
    }
    out.length = at;
  }

  /** The header for a response made with the generated code. */
  message(): HeaderMessage {
    return { ...this.messageWithoutRevision(), revision: BigInt(this.#source.store.revision) };
  }

  /** As `message`, for the services whose answers are not about the store. */
  messageWithoutRevision(): HeaderMessage {
    const { clusterId, memberId, raftTerm } = this.#source;
    return { clusterId, memberId, revision: 0n, raftTerm: BigInt(raftTerm) };
  }
}
