/** What switching permissions on or off means for this cluster and for this console, told before it is done. */
import { ROOT } from "./permission.js";

export interface AccessState {
  readonly users: readonly string[];
  /** Roles of the user root; absent when there is no such user. */
  readonly rootRoles: readonly string[] | undefined;
  /** Whom the console's server logs in as; empty for nobody. */
  readonly consoleUser: string;
  /** Roles of that user; absent when there is no such user. */
  readonly consoleRoles: readonly string[] | undefined;
}

export interface Switching {
  /** What must be done first; the server refuses otherwise. */
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
  readonly consequence: string;
}

export function foreseeEnable(state: AccessState): Switching {
  const missing: string[] = [];
  if (state.rootRoles === undefined) missing.push("A user named root is needed.");
  else if (!state.rootRoles.includes(ROOT)) missing.push("The user root needs the role root.");
  const warnings: string[] = [];
  if (state.consoleUser === "") {
    warnings.push(
      "This console reaches the cluster without a user name. It will be refused at once, also for switching back; start it with a user first.",
    );
  } else if (state.consoleRoles === undefined) {
    warnings.push(
      `This console uses the name ${state.consoleUser}, which does not exist here. It will be refused at once.`,
    );
  } else if (!state.consoleRoles.includes(ROOT)) {
    warnings.push(
      `This console uses ${state.consoleUser}, who is not root: it will see only what that user may see, and cannot switch back.`,
    );
  }
  return {
    missing,
    warnings,
    consequence:
      "From then on every client has to name a user and may do only what its roles permit. Clients that connect without a user, as all may do now, are refused.",
  };
}

export function foreseeDisable(): Switching {
  return {
    missing: [],
    warnings: [],
    consequence:
      "Whoever reaches the client port may then read and write everything, without a password. Users, roles and permissions are kept for switching on again.",
  };
}

/** Why a user or a role should stay, where deleting it breaks something. */
export function deletionWarning(kind: "user" | "role", name: string, enabled: boolean): string | undefined {
  if (name !== ROOT) return undefined;
  if (enabled) return `The ${kind} root cannot be deleted while permissions are checked.`;
  return `Without the ${kind} root, permissions cannot be switched on.`;
}
