import { escapeBytes } from "../../text/escape.js";

/** More than fits on a row; decoding a megabyte to show a hundred characters would stall the list. */
const previewBytes = 200;

/** The beginning of a value on one line. */
export function previewOf(value: Uint8Array): string {
  const text = escapeBytes(value.subarray(0, previewBytes))
    .replaceAll("\\n", " ")
    .replaceAll("\\t", " ")
    .replaceAll(/\s+/g, " ");
  return value.length > previewBytes ? `${text}…` : text;
}
