/**
 * Why a field block was refused. Every kind but one leaves the dynamic table out of step with the peer, so the connection
 * is lost with COMPRESSION_ERROR. `list-too-large` alone is reported after the whole block was decoded: the table is in
 * step, and the caller may refuse just the stream.
 * Source: RFC 7541 sections 2.3.3, 4.2, 5.1, 5.2, 6.1 and 6.3; RFC 9113 sections 4.3 and 6.5.2.
 */
export type HpackErrorKind =
  | "truncated"
  | "integer-overflow"
  | "index-out-of-range"
  | "huffman-eos"
  | "huffman-padding"
  | "table-update-too-large"
  | "table-update-misplaced"
  | "table-update-missing"
  | "list-too-large";

/** Thrown by `HpackDecoder.decode`, and by nothing else. */
export class HpackError extends Error {
  override readonly name = "HpackError";
  readonly kind: HpackErrorKind;

  constructor(kind: HpackErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
