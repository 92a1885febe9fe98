import type { Member } from "../harness/member.js";

/** The event loop's stalls as the member's metrics tell them, where they do. */
export async function describeStalls(member: Member): Promise<string> {
  const response = await fetch(`http://${member.endpoint}/metrics`);
  const lines = (await response.text())
    .split("\n")
    .filter((line) => /^[a-z_]*event_?loop[a-z_]*[ {]/.test(line));
  return lines.length === 0 ? "its metrics name no event loop" : lines.join("; ");
}
