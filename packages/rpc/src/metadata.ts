/**
 * Request metadata: lower-case names with one or more values; names that end in `-bin` carry bytes.
 * Source: gRPC over HTTP/2, "Custom-Metadata".
 */
export interface Metadata {
  /** First value, or undefined. For a `-bin` name this is the base64 text as received. */
  get(name: string): string | undefined;
  /** All values in the order of arrival; comma-joined `-bin` values are split. */
  getAll(name: string): readonly string[];
  /** First value of a `-bin` name, decoded. */
  getBytes(name: string): Uint8Array | undefined;
  /** All pairs in the order of arrival, pseudo and gRPC-internal headers left out. */
  entries(): Iterable<readonly [name: string, value: string]>;
}
