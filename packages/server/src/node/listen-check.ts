/**
 * Whether the client URLs can be bound, found out before anything is created on disk: a port in use is the commonest mistake
 * of a first start. Another process may still take the port in between; the bind that counts comes when the member is ready.
 */
import { createServer } from "node:net";
import type { MemberUrl } from "./config/urls.js";

/** A listening socket could not be opened. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export type BindOptions =
  { readonly host: string; readonly port: number; readonly reusePort?: boolean } | { readonly path: string };

export function bindOptions(url: MemberUrl): BindOptions {
  if (url.scheme === "unix" || url.scheme === "unixs") return { path: url.host };
  const reusePort = url.reusePort === true ? { reusePort: true } : {};
  return { host: url.host === "" ? "::" : url.host, port: url.port, ...reusePort };
}

/** @throws ListenError naming the URL. */
export async function checkListenUrls(urls: readonly MemberUrl[]): Promise<void> {
  for (const url of urls) {
    // Port 0 is any free one, and binding a unix socket leaves a file.
    if (url.port === 0) continue;
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once("error", (cause) =>
        reject(new ListenError(`can't listen on ${url.text}: ${cause.message}`, { cause })),
      );
      server.listen(bindOptions(url), () => server.close(() => resolve()));
    });
  }
}
