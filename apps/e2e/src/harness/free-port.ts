import { createServer } from "node:net";

/** A loopback port nobody listens on at the moment of the call. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port was assigned"));
        else resolve(address.port);
      });
    });
  });
}
