/** Who asked for an entry, as its header says. The name is read anew only when it differs from that of the entry before. */
import { readByteString } from "../auth/byte-string.js";
import type { Identity } from "../auth/auth-store.js";
import { compareRanges } from "../mvcc/byte-range.js";
import type { EntryView } from "./wire/entry.js";

export class EntryCaller implements Identity {
  user = "";
  revision = 0;
  #name: Uint8Array = new Uint8Array(0);

  read(data: Uint8Array, { userStart, userEnd, authRevision }: EntryView): void {
    this.revision = authRevision;
    if (compareRanges(this.#name, 0, this.#name.length, data, userStart, userEnd) === 0) return;
    this.#name = data.slice(userStart, userEnd);
    this.user = readByteString(data, userStart, userEnd);
  }
}
