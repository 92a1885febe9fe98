import { formatPaddedHexId, formatSignedHexId } from "@quorate/proto";
import { escapeBytes } from "../../text/escape.js";
import type { LeaseView } from "./countdown.js";

/** In the ID, padded or signed, or in one of the keys. Case does not matter. */
export function matchesLease(lease: LeaseView, filter: string): boolean {
  const needle = filter.trim().toLowerCase();
  if (needle === "") return true;
  if (formatPaddedHexId(lease.id).includes(needle) || formatSignedHexId(lease.id) === needle) return true;
  return lease.keys.some((key) => escapeBytes(key).toLowerCase().includes(needle));
}
