/** What the suites about single rules of authentication share: which server they speak to, and how answers are told. */
import { ERRORS, etcdserverpb as pb } from "@quorate/proto";
import type { ErrorName, authpb } from "@quorate/proto";
import { etcdRelease } from "../cluster/releases.js";
import { isOlder } from "../harness/etcd-version.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { WireClient } from "../harness/wire-client.js";

/** The release whose rules these are: several were mended in 2026. */
const RULES_RELEASE = "3.7.0";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** Whether there is nothing to ask; says so on the console. */
export function lacksRules(suite: string): boolean {
  if (missesPrograms(suite, [subjectKind])) return true;
  const isOld = subjectKind === "etcd" && (etcdRelease === undefined || isOlder(etcdRelease, RULES_RELEASE));
  if (isOld) console.warn(`skipped: ${suite}: etcd ${etcdRelease} is older than its rules, ${RULES_RELEASE}`);
  return isOld;
}

interface Refused {
  readonly ok: false;
  readonly code: number;
  readonly text: string;
}

/** How a call ends that is refused for this reason. */
export function refused(name: ErrorName): Refused {
  const { code, message } = ERRORS[name];
  return { ok: false, code, text: message };
}

export const granted = { ok: true } as const;

/** `[key, rangeEnd, type]`, as in a permission. */
export type Grant = readonly [key: string, rangeEnd: string, permType: authpb.Permission_Type];

/** Makes a user with a role of the same name that permits just this. The password is as `AuthWorld` gives them. */
export async function addUser(root: WireClient, name: string, grants: readonly Grant[]): Promise<void> {
  const { method } = pb.Auth;
  await root.demand(method.userAdd, { name, password: `pw-${name}` });
  await root.demand(method.roleAdd, { name });
  for (const [key, rangeEnd, permType] of grants)
    await root.demand(method.roleGrantPermission, {
      name,
      perm: { key: bytes(key), rangeEnd: bytes(rangeEnd), permType },
    });
  await root.demand(method.userGrantRole, { user: name, role: name });
}
