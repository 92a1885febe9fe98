import type { ClusterOptions } from "../clusters/cluster-options.js";
import type { PasswordHash } from "../login/password.js";
import type { ListenAddress } from "./listen-address.js";

/** Everything that a console is told before it starts. */
export interface ConsoleOptions {
  readonly listen: ListenAddress;
  /** Another port is taken when the one in `listen` is in use. */
  readonly fallsBackToFreePort: boolean;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Absent: whoever reaches the console may use it. Only on loopback. */
  readonly login?: { readonly user: string; readonly password: PasswordHash };
  /** Host names in lower case; `*` for any. */
  readonly allowedHosts: readonly string[];
  readonly isReadOnly: boolean;
  /** Not empty. The first is meant where a call names none. */
  readonly clusters: readonly ClusterOptions[];
  /** Folder of the built screens. */
  readonly uiFolder: string;
  readonly endsWithStdin: boolean;
}
