/** Requests about users and roles as entries of the log carry them: all their fields are bytes, names included. */
import { WIRE_BYTES } from "../apply/wire/wire-reader.js";
import { readBytes, visitFields } from "./auth-row.js";
import { byteStringOf } from "./byte-string.js";

const NONE = new Uint8Array(0);

export class AuthRequest {
  readonly #fields = new Map<number, Uint8Array>();

  /** Throws `WireError`. */
  constructor(message: Uint8Array) {
    visitFields(message, (reader, tag) => {
      if ((tag & 7) === WIRE_BYTES) this.#fields.set(tag >>> 3, readBytes(reader));
      else reader.skip(tag);
    });
  }

  /** Empty when it did not come. */
  bytes(field: number): Uint8Array {
    return this.#fields.get(field) ?? NONE;
  }

  message(field: number): Uint8Array | undefined {
    return this.#fields.get(field);
  }

  name(field: number): string {
    return byteStringOf(this.bytes(field));
  }
}
