/**
 * `npm run cluster`: three members on loopback that form one cluster, each with its data in a folder of its own.
 *
 * Own options stand before all others; every other flag after `--` is the servers' own and goes to each member.
 */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildServerIfStale, installIfStale, requireNode, serverEntry } from "./workspace.mjs";

const HELP = `npm run cluster -- [options] [flags of the server, for every member]

  --client-ports=2379,22379,32379   where clients connect; as many members as ports
  --peer-ports=2380,22380,32380     where members talk to each other
  --data=cluster.quorate            folder that holds a folder per member; kept when the cluster stops
`;
const DEFAULTS = {
  "client-ports": "2379,22379,32379",
  "peer-ports": "2380,22380,32380",
  data: "cluster.quorate",
};
const READY = "ready to serve client requests";
const COLORS = [36, 33, 35, 32, 34];
const FLAG = /^--?([^=]+)(?:=(.*))?$/;
/** What says where a member is and which cluster it is in, which is for this script to say. */
const RESERVED = [
  "name",
  "data-dir",
  "wal-dir",
  "config-file",
  "listen-client-urls",
  "advertise-client-urls",
  "listen-peer-urls",
  "initial-advertise-peer-urls",
  "initial-cluster",
  "initial-cluster-state",
];

requireNode();
const { own, flags } = readArguments(process.argv.slice(2));
const members = planMembers();
await demandFreePorts(members);
if (!installIfStale() || !buildServerIfStale()) process.exit(1);

let isStopping = false;
let readyCount = 0;
const initialCluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
const children = members.map(startMember);
stopOn("SIGTERM");
stopOn("SIGHUP");
stopOn("SIGINT");

function readArguments(args) {
  const options = { ...DEFAULTS };
  const rest = [];
  for (let place = 0; place < args.length; place += 1) {
    const [, name, value] = FLAG.exec(args[place]) ?? [];
    if (name === "help" || name === "h") {
      console.log(HELP);
      process.exit(0);
    }
    if (RESERVED.includes(name)) fail(`--${name} is set for each member by this command.\n\n${HELP}`);
    if (!(name in DEFAULTS)) {
      rest.push(args[place]);
      continue;
    }
    const given = value ?? args[(place += 1)];
    if (given === undefined || given === "") fail(`--${name} needs a value.\n\n${HELP}`);
    options[name] = given;
  }
  return { own: options, flags: rest };
}

function planMembers() {
  const [clientPorts, peerPorts] = ["client-ports", "peer-ports"].map(readPorts);
  if (clientPorts.length !== peerPorts.length) {
    fail(
      `There are ${clientPorts.length} client ports and ${peerPorts.length} peer ports; each member needs one of both.`,
    );
  }
  const all = [...clientPorts, ...peerPorts];
  const twice = all.find((port, place) => all.indexOf(port) !== place);
  if (twice !== undefined) fail(`Port ${twice} is named twice.`);
  return clientPorts.map((clientPort, place) => ({
    name: `m${place + 1}`,
    clientPort,
    peerPort: peerPorts[place],
    clientUrl: `http://127.0.0.1:${clientPort}`,
    peerUrl: `http://127.0.0.1:${peerPorts[place]}`,
    dataFolder: join(own.data, `m${place + 1}.quorate`),
  }));
}

function readPorts(option) {
  return own[option].split(",").map((text) => {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`--${option}: "${text}" is no port.`);
    return port;
  });
}

/** A member that finds its port taken ends with a line somewhere between those of the others; this is said before any starts. */
async function demandFreePorts(plan) {
  const taken = [];
  for (const port of plan.flatMap(({ clientPort, peerPort }) => [clientPort, peerPort])) {
    const problem = await tryPort(port);
    if (problem !== undefined) taken.push(`127.0.0.1:${port} (${problem})`);
  }
  if (taken.length === 0) return;
  fail(`These addresses can not be used: ${taken.join(", ")}.
Stop the program that has them, or name others:

  npm run cluster -- --client-ports=12379,12479,12579 --peer-ports=12380,12480,12580 --data=other.quorate
`);
}

function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }) => resolve(code === "EADDRINUSE" ? "taken" : code));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
  });
}

function startMember(member, place) {
  const args = [
    serverEntry,
    `--name=${member.name}`,
    `--data-dir=${member.dataFolder}`,
    `--listen-client-urls=${member.clientUrl}`,
    `--advertise-client-urls=${member.clientUrl}`,
    `--listen-peer-urls=${member.peerUrl}`,
    `--initial-advertise-peer-urls=${member.peerUrl}`,
    `--initial-cluster=${initialCluster}`,
    "--initial-cluster-state=new",
    ...flags,
  ];
  // A group of its own: a terminal sends its interrupt to ours only, so that each member is stopped once.
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let isReady = false;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      say(member, place, line);
      if (isReady || !line.includes(READY)) return;
      isReady = true;
      readyCount += 1;
      if (readyCount === members.length) sayEndpoints();
    });
  }
  child.on("error", (error) => say(member, place, `did not start: ${error.message}`));
  child.on("close", (code, signal) => {
    child.isOver = true;
    if (!isStopping) {
      process.exitCode = 1;
      say(
        member,
        place,
        `ended by itself (${signal ?? `code ${code}`}); start it again with: ${startAgain(args)}`,
      );
    }
  });
  return child;
}

function say({ name }, place, line) {
  const label = process.stdout.isTTY
    ? `\u001b[${COLORS[place % COLORS.length]}m${name} |\u001b[0m`
    : `${name} |`;
  console.log(`${label} ${line}`);
}

function sayEndpoints() {
  const endpoints = members.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(",");
  console.log(`
The cluster is ready.

  endpoints  ${endpoints}
  data       ${members.map(({ dataFolder }) => dataFolder).join(", ")} (kept; delete them to begin anew)
  try        etcdctl --endpoints=${endpoints} endpoint status --cluster -w table
  processes  ${members.map(({ name }, place) => `${name} ${children[place].pid}`).join(", ")}

Ctrl-C stops all members.
`);
}

function startAgain(args) {
  return ["node", ...args].map((arg) => (/[\s"'$]/.test(arg) ? JSON.stringify(arg) : arg)).join(" ");
}

/** The first request is passed on; a second one does not wait for anybody. */
function stopOn(signal) {
  process.on(signal, () => {
    const how = isStopping ? "SIGKILL" : "SIGTERM";
    isStopping = true;
    for (const child of children) if (child.isOver !== true) child.kill(how);
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
