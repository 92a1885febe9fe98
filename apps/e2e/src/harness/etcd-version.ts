import { etcdserverpb } from "@quorate/proto";
import type { Member } from "./member.js";
import { WireClient } from "./wire-client.js";

/** True when a release `major.minor.patch` is older than `major.minor.patch` of `limit`. */
export function isOlder(version: string, limit: string): boolean {
  const [left, right] = [version, limit].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  for (let part = 0; part < 3; part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The release a member says it is, or is compatible with. */
export async function readVersion(member: Member): Promise<string> {
  const client = new WireClient(member.endpoint);
  try {
    return (await client.demand(etcdserverpb.Maintenance.method.status, {})).version;
  } finally {
    client.close();
  }
}
