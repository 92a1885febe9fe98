/**
 * Nobody reads or writes what the permissions forbid: at some moment of an operation that was carried out it must have been allowed, at
 * some moment of one that was denied it must have been forbidden, and what was turned away was not written.
 */
import type { Access, PermissionHistory, UserOperation } from "./permission-history.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

export function checkPermissions({ isEnabled, access, operations }: PermissionHistory): string[] {
  const violations: string[] = [];
  const writes = new Map<string, UserOperation>();
  for (const operation of operations)
    if (operation.kind === "write" && operation.value !== undefined) writes.set(operation.value, operation);
  for (const operation of operations) {
    if (violations.length >= WORKLOAD_VIOLATIONS_MAX) break;
    const { startMs, endMs, outcome, value, kind, user, key } = operation;
    if (outcome === "unknown" || outcome === "refused") continue;
    const enabled = [...isEnabled.possible(startMs, endMs)];
    const timeline = access.get(`${user} ${key}`);
    const granted: readonly Access[] =
      timeline === undefined ? ["none"] : [...timeline.possible(startMs, endMs)];
    const mayPass = enabled.includes(false) || granted.some((each) => allows(each, kind));
    const mayFail = enabled.includes(true) && granted.some((each) => !allows(each, kind));
    if (outcome === "ok" && !mayPass)
      violations.push(`${describe(operation)}, with ${granted.join(" or ")} access`);
    if (outcome === "denied" && !mayFail)
      violations.push(
        `${describe(operation)}, with ${granted.join(" or ")} access${enabled.includes(true) ? "" : " and no auth"}`,
      );
    if (kind !== "read" || outcome !== "ok" || value === undefined) continue;
    const write = writes.get(value);
    if (write === undefined) violations.push(`${describe(operation)}, which nobody wrote`);
    else if (write.outcome === "denied" || write.outcome === "refused")
      violations.push(`${describe(operation)}, of which: ${describe(write)}`);
  }
  return violations;
}

function allows(access: Access, kind: UserOperation["kind"]): boolean {
  return access === "readwrite" || access === kind;
}

function describe({ user, kind, key, value, outcome, startMs, endMs }: UserOperation): string {
  const who = user === "" ? "somebody without a token" : `user ${user}`;
  return `${who}: ${kind} ${key} ${value ?? ""} was ${outcome} (${startMs.toFixed(1)} to ${endMs.toFixed(1)} ms)`;
}
