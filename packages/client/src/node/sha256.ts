import { createHash } from "node:crypto";
import type { Digest } from "../maintenance/read-snapshot.js";

/** A new SHA-256 of Node's. */
export function createSha256(): Digest {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest() };
}
