/** What the console says when it listens: where it is, who may log in, and what is to be minded. */
import type { ConsoleOptions } from "./console-options.js";
import { isLoopback } from "./listen-address.js";

export interface StartLines {
  readonly out: readonly string[];
  readonly warnings: readonly string[];
}

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * The first line has the form that programs which start the console wait for.
 *
 * @param url where it is reached on this machine
 */
export function startLines(
  { listen, login, tls }: Pick<ConsoleOptions, "listen" | "login" | "tls">,
  url: string,
): StartLines {
  const { port, protocol } = new URL(url);
  const out = [`The console is at ${url}`];
  if (listen.host === "0.0.0.0" || listen.host === "::") {
    out.push(
      `Other machines reach it at port ${port || PORTS[protocol]}, by an address of this one or by a name in --allowed-hosts.`,
    );
  }
  if (login !== undefined) out.push(`Log in as ${login.user}; --login-user sets another name.`);
  const canBeRead = tls === undefined && !isLoopback(listen.host);
  const warning =
    "It is reached from other machines without TLS: passwords and data can be read on the way. --tls-cert and --tls-key change that.";
  return { out, warnings: canBeRead ? [warning] : [] };
}
