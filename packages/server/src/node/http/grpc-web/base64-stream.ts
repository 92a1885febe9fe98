/**
 * `application/grpc-web-text`: base64 in pieces that may be cut anywhere. Whoever sends pieces one by one pads each of them, so that padding may
 * stand in the middle.
 */
const GROUP_CHARS = 4;

export class Base64Stream {
  /** Characters of a group that is not complete. */
  #rest = "";

  /** @returns the bytes of all groups that are complete, or undefined when this is no base64. */
  push(chunk: Buffer): Buffer | undefined {
    const text = this.#rest + chunk.toString("latin1").replaceAll(/[\r\n]/g, "");
    const whole = text.length - (text.length % GROUP_CHARS);
    this.#rest = text.slice(whole);
    const groups = text.slice(0, whole);
    if (!/^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)*$/.test(groups)) return undefined;
    return groups.includes("=") ? decodePadded(groups) : Buffer.from(groups, "base64");
  }

  /** Whether the text may end here. */
  get isComplete(): boolean {
    return this.#rest === "";
  }
}

/** Each padding ends a text of its own. */
function decodePadded(groups: string): Buffer {
  const parts = groups.match(/[^=]+={0,2}/g) ?? [];
  return Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
}
