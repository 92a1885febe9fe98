/** The bytes of a name with one character per byte, as `latin1` of text/bytes.ts makes it. */
export function fromLatin1(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(name, (character) => character.charCodeAt(0));
}

/** The folder that a key lies in, up to and including its last slash; empty for a key at the top. */
export function folderOf(key: Uint8Array): Uint8Array {
  const slash = key.subarray(0, -1).lastIndexOf(0x2f);
  return key.slice(0, slash + 1);
}
