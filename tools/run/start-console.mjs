/**
 * The console beside a member: found from the member's own flags where that is, built when it is stale, and told of by its URL once both answer.
 *
 * All of it happens in a process of its own, so that the member's start and end wait for nothing here.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./workspace.mjs";

const CLIENT_URLS_DEFAULT = "http://localhost:2379";
const URL_LINE = /^The console is at (\S+)$/;
/** Between two looks whether the member listens. */
const LOOK_EVERY_MS = 100;

/**
 * @param {{ args: readonly string[], listen: string | undefined }} options `args` are the member's flags
 * @returns {{ stop(): Promise<void> }} `stop` resolves when the console has ended
 */
export function startConsole({ args, listen }) {
  const member = readMember(args);
  if (member === undefined) {
    console.log("No console: the member listens with a certificate that it makes itself (--auto-tls).");
    return { stop: () => Promise.resolve() };
  }
  const place = listen === undefined ? ["--free-port"] : [`--listen=${listen}`];
  const child = spawn(
    process.execPath,
    [
      join(root, "tools/run/console.mjs"),
      `--endpoints=${member.endpoint}`,
      ...member.tls,
      ...place,
      "--exit-with-stdin",
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let isStopping = false;
  const ended = new Promise((resolve) => {
    child.on("error", resolve);
    child.on("exit", (code) => {
      if (!isStopping && code !== 0) console.error("The console has ended; the member goes on without it.");
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const url = URL_LINE.exec(line)?.[1];
    if (url === undefined) console.log(line);
    else void tellWhenServing(url, member.endpoint, () => isStopping);
  });
  return {
    stop: () => {
      isStopping = true;
      child.stdin.end();
      return ended;
    },
  };
}

/** Where the member listens, and with what it is reached; undefined for a certificate that nobody can check. */
function readMember(args) {
  const flag = flagReader(args);
  const urls = flag("listen-client-urls") ?? CLIENT_URLS_DEFAULT;
  const [first = CLIENT_URLS_DEFAULT] = urls.split(",");
  const url = new URL(first.trim());
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  const endpoint = `${url.protocol}//${url.host}`;
  if (url.protocol !== "https:") return { endpoint, tls: [] };
  if (flag("auto-tls") === "true") return undefined;
  const pairs = [["cacert", flag("trusted-ca-file")]];
  if (flag("client-cert-auth") === "true") {
    pairs.push(["cert", flag("cert-file")], ["key", flag("key-file")]);
  }
  return {
    endpoint,
    tls: pairs.flatMap(([name, path]) => (path === undefined ? [] : [`--${name}=${path}`])),
  };
}

/** A flag as the member will see it: from a config file alone, else from the arguments, else from the environment. */
function flagReader(args) {
  const given = new Map();
  for (let place = 0; place < args.length; place += 1) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/.exec(args[place]) ?? [];
    if (name === undefined) continue;
    const next = args[place + 1];
    given.set(name, value ?? (next === undefined || next.startsWith("-") ? "true" : next));
  }
  const file = given.get("config-file") ?? process.env["ETCD_CONFIG_FILE"];
  if (file !== undefined && existsSync(file)) {
    const lines = readFileSync(file, "utf8");
    return (name) => new RegExp(`^\\s*${name}:\\s*["']?([^"'#\\n]+?)["']?\\s*$`, "m").exec(lines)?.[1];
  }
  return (name) => given.get(name) ?? process.env[`ETCD_${name.replaceAll("-", "_").toUpperCase()}`];
}

/** Said last, so that the member's own lines do not push it out of sight. */
async function tellWhenServing(url, endpoint, isOver) {
  const { hostname, port } = new URL(endpoint);
  while (!(await answers(hostname.replace(/^\[|\]$/g, ""), Number(port)))) {
    if (isOver()) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  if (!isOver()) console.log(`\n  Console  ${url}\n  Clients  ${endpoint}\n`);
}

function answers(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (isThere) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on("connect", () => done(true));
    socket.on("error", () => done(false));
  });
}
