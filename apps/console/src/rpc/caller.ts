/** Who makes a call, as far as the connection and its cookie tell. Made by the HTTP side, read by the services. */
import { createContextKey } from "@connectrpc/connect";
import type { ContextKey } from "@connectrpc/connect";

export interface Caller {
  /** Whether calls need a login, and this one has none. */
  readonly mustLogIn: boolean;
  /** Undefined without a login. */
  readonly session: { readonly id: string; readonly user: string; readonly ended: AbortSignal } | undefined;
  /** The cookie's token, of a session that runs or not. */
  readonly token: string | undefined;
  /** Of the other end of the connection. */
  readonly address: string;
}

/** Whoever the HTTP side has not introduced has no rights. */
export const callerKey: ContextKey<Caller> = createContextKey<Caller>(
  { mustLogIn: true, session: undefined, token: undefined, address: "" },
  { description: "caller" },
);
