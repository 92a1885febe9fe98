import { spawn } from "node:child_process";
import { connect } from "node:net";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runCommand } from "../harness/run-command.js";
import { Network } from "./network.js";

const suite = "a network of its own";
const network = await Network.create(2);
if (typeof network === "string") console.warn(`skipped: ${suite}: ${network}`);

/** Answers once, to whoever connects first, with the word it was given. */
const SERVE = `
  const { createServer } = require("node:net");
  createServer((socket) => socket.end("hello")).listen(7000, process.argv[1]);
`;
const ASK = `
  const { connect } = require("node:net");
  const socket = connect({ host: process.argv[1], port: 7000 });
  socket.setTimeout(1500, () => { console.log("silence"); process.exit(0); });
  socket.on("data", (data) => { console.log(String(data)); process.exit(0); });
  socket.on("error", (error) => { console.log(error.code); process.exit(0); });
`;

describe.skipIf(typeof network === "string")(suite, () => {
  const servers: AbortController[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) server.abort();
    if (typeof network !== "string") await network.heal();
  });
  afterAll(() => {
    if (typeof network !== "string") network.remove();
  });

  it("carries packets between places, and from the tests to a place", async () => {
    if (typeof network === "string") return;
    await serveAt(network, 1);
    expect(await ask(network, { from: 0, to: 1 })).toBe("hello");
    expect(await askFromHere(network, 1)).toBe("hello");
  });

  it("is silent in the direction that is cut, both ways when isolated, and whole again when healed", async () => {
    if (typeof network === "string") return;
    await serveAt(network, 1);
    await network.cut(0, 1);
    expect(await ask(network, { from: 0, to: 1 })).toBe("silence");
    // What a cut in one direction does to a connection depends on the way back: the answer is lost too.
    await network.heal();
    await network.cut(1, 0);
    expect(await ask(network, { from: 0, to: 1 })).toBe("silence");
    expect(await askFromHere(network, 1)).toBe("hello");
    await network.heal();
    await network.isolate(1);
    expect(await ask(network, { from: 0, to: 1 })).toBe("silence");
    await network.heal();
    expect(await ask(network, { from: 0, to: 1 })).toBe("hello");
  });

  it("loses everything or nothing at the ends of the scale of loss", async () => {
    if (typeof network === "string") return;
    await serveAt(network, 1);
    await network.lose(1, 1);
    expect(await ask(network, { from: 0, to: 1 })).toBe("silence");
    await network.lose(1, 0);
    expect(await ask(network, { from: 0, to: 1 })).toBe("hello");
  });

  async function serveAt(net: Network, place: number): Promise<void> {
    const { address, commandPrefix } = net.places[place]!;
    const [command = "", ...args] = [...commandPrefix, process.execPath, "-e", SERVE, address];
    const controller = new AbortController();
    const child = spawn(command, args, {
      stdio: "ignore",
      signal: controller.signal,
      killSignal: "SIGKILL",
    });
    child.on("error", () => undefined);
    servers.push(controller);
    await expect.poll(() => askFromHere(net, place)).toBe("hello");
  }
});

async function ask(network: Network, { from, to }: { from: number; to: number }): Promise<string> {
  const [command, ...prefix] = network.places[from]!.commandPrefix;
  const result = await runCommand(command!, [
    ...prefix,
    process.execPath,
    "-e",
    ASK,
    network.places[to]!.address,
  ]);
  return result.stdout.trim();
}

function askFromHere(network: Network, place: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: network.places[place]!.address, port: 7000 });
    socket.on("data", (data) => resolve(data.toString()));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
