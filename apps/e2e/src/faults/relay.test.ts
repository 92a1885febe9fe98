import { connect, createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Relay } from "./relay.js";

describe("relay", () => {
  let echo: Server;
  let relay: Relay;
  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const { port } = echo.address() as AddressInfo;
    relay = await Relay.open("127.0.0.1", { host: "127.0.0.1", port });
  });
  afterEach(() => {
    relay.close();
    echo.close();
  });

  it("delivers every byte in order, more of them than may be on their way", async () => {
    relay.delayMs = 1;
    relay.jitterMs = 3;
    const sent = Buffer.alloc(10_000_000, "0123456789abc");
    expect((await sendAndCollect(sent)).equals(sent)).toBe(true);
  });

  it("takes its time in each direction", async () => {
    relay.delayMs = 60;
    const begin = performance.now();
    await sendAndCollect(Buffer.from("there and back"));
    expect(performance.now() - begin).toBeGreaterThanOrEqual(119);
  });

  it("ends the connection of the caller when nobody is behind it", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const toNobody = await Relay.open("127.0.0.1", { host: "127.0.0.1", port });
    const socket = connect({ host: "127.0.0.1", port: toNobody.port });
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.on("close", resolve));
    toNobody.close();
    expect(socket.bytesRead).toBe(0);
  });

  function sendAndCollect(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: relay.port, allowHalfOpen: true });
      const chunks: Buffer[] = [];
      socket.on("error", reject);
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("end", () => resolve(Buffer.concat(chunks)));
      socket.end(bytes);
    });
  }
});
