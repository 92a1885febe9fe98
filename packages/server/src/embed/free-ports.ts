/** Port 0 in a URL: any free one, chosen before the member starts, because a member tells the cluster its addresses first. */
import { createServer, type Server } from "node:net";

const PORT_ZERO = /^(https?:\/\/.*):0$/;

/** Whether any of these URLs leaves the port to us; `unix:` URLs have none. */
export function hasPortZero(urls: readonly string[]): boolean {
  return urls.some((url) => PORT_ZERO.test(url));
}

/**
 * The URLs with a free port in place of each 0. Another process may take such a port before the member binds it: the start
 * fails with an error of `isPortTaken` then, and whoever calls tries again.
 */
export async function choosePorts(lists: readonly (readonly string[])[]): Promise<string[][]> {
  // All are held until each URL has its own, so that no port is handed out twice.
  const held: Server[] = [];
  try {
    const chosen: string[][] = [];
    for (const urls of lists) {
      const list: string[] = [];
      for (const url of urls) {
        const base = PORT_ZERO.exec(url)?.[1];
        if (base === undefined) {
          list.push(url);
          continue;
        }
        const server = await holdPort(hostOf(base));
        held.push(server);
        const address = server.address();
        if (address === null || typeof address === "string") throw new Error(`no port for ${url}`);
        list.push(`${base}:${address.port}`);
      }
      chosen.push(list);
    }
    return chosen;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Whether a start failed because somebody else has the port. */
export function isPortTaken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && cause.code === "EADDRINUSE") return true;
  }
  return false;
}

function hostOf(base: string): string {
  return base.replace(/^https?:\/\//, "").replace(/^\[|\]$/g, "");
}

function holdPort(host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, ...(host === "" ? {} : { host }) }, () => resolve(server));
  });
}
