/** One character a byte: names of keys that can be looked up, equal and ordered as the bytes are. */
export function nameOf(key: Uint8Array): string {
  let name = "";
  for (const byte of key) name += String.fromCharCode(byte);
  return name;
}
