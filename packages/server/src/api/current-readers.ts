/**
 * The readers over the store that the member has now. Ask for one at the moment of reading: a request that waited for its turn may
 * find another store in place, and a read of the old one would be stale.
 */
import { RangeReader, TxnReader, type StoreReads } from "@quorate/machine";
import type { MemberPort } from "./member-port.js";

export class CurrentReaders {
  readonly #member: MemberPort;
  #store: StoreReads;
  #ranges: RangeReader;
  #txns: TxnReader;

  constructor(member: MemberPort) {
    this.#member = member;
    this.#store = member.store;
    this.#ranges = new RangeReader(this.#store, member);
    this.#txns = new TxnReader(this.#store, member);
  }

  get ranges(): RangeReader {
    if (this.#store !== this.#member.store) this.#renew();
    return this.#ranges;
  }

  get txns(): TxnReader {
    if (this.#store !== this.#member.store) this.#renew();
    return this.#txns;
  }

  #renew(): void {
    this.#store = this.#member.store;
    this.#ranges = new RangeReader(this.#store, this.#member);
    this.#txns = new TxnReader(this.#store, this.#member);
  }
}
