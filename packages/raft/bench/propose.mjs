/**
 * How much of a Put's budget the core takes: nanoseconds of processor time (garbage collection included) per entry through
 * propose -> ready -> storage append -> commit -> apply, on a single voter, and on a leader with two followers together.
 *
 *     npx tsc -b packages/raft && node packages/raft/bench/propose.mjs [seconds per line, default 1]
 *
 * Storage is in memory and applied entries are only counted, so what is measured is the core and its storage tail.
 */
import { performance } from "node:perf_hooks";
import { MemoryLogStorage, MessageType, RawNode } from "../dist/index.js";

const secondsPerLine = Number(process.argv[2] ?? 1);
const COMPACT_EVERY_ENTRIES = 10_000;
const KEEP_ENTRIES = 5_000;

function createNode(id, voters, asyncStorageWrites) {
  const storage = new MemoryLogStorage();
  storage.applySnapshot({
    data: new Uint8Array(0),
    metadata: {
      confState: { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
      index: 1,
      term: 1,
    },
  });
  const raw = new RawNode({
    id,
    storage,
    electionTick: 10,
    heartbeatTick: 1,
    random: (bound) => Number(id) % bound,
    maxSizePerMsg: 1024 * 1024,
    maxInflightMsgs: 512,
    asyncStorageWrites,
    checkQuorum: true,
    preVote: true,
    applied: 1,
  });
  return { id, raw, storage, applied: 0 };
}

/** Does everything one Ready asks for; returns the messages for other nodes. */
function handleReady(node, asyncStorageWrites) {
  const ready = node.raw.ready();
  if (!asyncStorageWrites) {
    if (ready.hardState !== null) node.storage.setHardState(ready.hardState);
    node.storage.append(ready.entries);
    apply(node, ready.committedEntries);
    node.raw.advance();
    return ready.messages;
  }
  const out = [];
  for (const message of ready.messages) {
    if (message.type === MessageType.MsgStorageAppend) {
      if (message.term !== 0) {
        node.storage.setHardState({ term: message.term, vote: message.vote, commit: message.commit });
      }
      node.storage.append(message.entries);
    } else if (message.type === MessageType.MsgStorageApply) {
      apply(node, message.entries);
    } else {
      out.push(message);
      continue;
    }
    for (const response of message.responses) {
      if (response.to === node.id) node.raw.step(response);
      else out.push(response);
    }
  }
  return out;
}

function apply(node, entries) {
  for (let i = 0; i < entries.length; i++) if (entries[i].data.length > 0) node.applied++;
  const { applied } = node.raw.basicStatus();
  if (applied - node.storage.firstIndex() > COMPACT_EVERY_ENTRIES)
    node.storage.compact(applied - KEEP_ENTRIES);
}

function settle(nodes, asyncStorageWrites) {
  for (let busy = true; busy;) {
    busy = false;
    for (const node of nodes) {
      while (node.raw.hasReady()) {
        busy = true;
        for (const message of handleReady(node, asyncStorageWrites)) {
          nodes[Number(message.to) - 1].raw.step(message);
        }
      }
    }
  }
}

function measure(voterCount, batch, asyncStorageWrites) {
  const voters = Array.from({ length: voterCount }, (_, i) => BigInt(i + 1));
  const nodes = voters.map((id) => createNode(id, voters, asyncStorageWrites));
  nodes[0].raw.campaign();
  settle(nodes, asyncStorageWrites);
  const datas = Array.from({ length: batch }, () => new Uint8Array(300));
  const run = (seconds) => {
    let entries = 0;
    const start = process.cpuUsage();
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      for (let i = 0; i < Math.max(1, 1000 / batch); i++) {
        if (nodes[0].raw.proposeBatch(datas) !== "accepted") throw new Error("dropped");
        settle(nodes, asyncStorageWrites);
        entries += batch;
      }
    }
    const { user, system } = process.cpuUsage(start);
    return { entries, nanoseconds: ((user + system) * 1e3) / entries };
  };
  run(secondsPerLine / 3);
  const before = nodes[0].applied;
  const { entries, nanoseconds } = run(secondsPerLine);
  if (nodes[0].applied - before !== entries) throw new Error("not everything was applied");
  const mode = asyncStorageWrites ? "async" : "sync ";
  console.log(
    `${voterCount} voter(s)  ${mode}  batch ${String(batch).padStart(5)}: ${nanoseconds.toFixed(0).padStart(6)} ns per entry`,
  );
}

for (const voterCount of [1, 3]) {
  for (const asyncStorageWrites of [false, true]) {
    for (const batch of [1, 10, 100, 1000, 5000]) measure(voterCount, batch, asyncStorageWrites);
  }
}
