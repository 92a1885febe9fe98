/**
 * A handful of nodes in one process, driven step by step from a script. Messages wait in a list until they are delivered.
 * The commands, and what they print, are those of upstream's interaction tests; ours, marked below, come on top.
 *
 * Source: upstream rafttest/interaction_env*.go.
 */
import { assert } from "@quorate/std";
import { decodeConfChange, toConfChangeV2 } from "../index.js";
import { describeEntries, describeMessage, describeReady } from "../describe.js";
import { type EventLevel, describeEvent } from "../events/describe-event.js";
import { MemoryLogStorage } from "../memory-log-storage.js";
import { RawNode } from "../raw-node.js";
import type { StepOutcome } from "../core/raft.js";
import type { ConfChange, ConfChangeV2, ConfState } from "../types/conf-change.js";
import type { Config } from "../types/config.js";
import type { Entry } from "../types/entry.js";
import type { LogStorage } from "../types/log-storage.js";
import { type Message, MessageType, isLocalTarget } from "../types/message.js";
import { type HardState, type Snapshot, isEmptyHardState } from "../types/snapshot.js";

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"] as const;
type OutputLevel = (typeof LEVELS)[number];

/** What the refusals are called in the scripts. */
export const refusalTexts: Readonly<Record<Exclude<StepOutcome, "accepted">, string>> = {
  "proposal-dropped": "raft proposal dropped",
  "local-message": "raft: cannot step raft local message",
  "peer-not-found": "raft: cannot step as peer not found",
};

/** A command failed in a way its script expects to see. */
export class ScriptError extends Error {}

export interface EnvNode {
  readonly id: bigint;
  raw: RawNode;
  readonly storage: MemoryLogStorage;
  readonly config: Config;
  readonly appendWork: Message[];
  readonly applyWork: Message[];
  /** The state machine: a string that every entry is appended to, as a history of snapshots. */
  readonly history: Snapshot[];
}

export class InteractionEnv {
  readonly nodes: EnvNode[] = [];
  messages: Message[] = [];
  #output = "";
  #level: OutputLevel = "DEBUG";

  /** Takes what was printed since the last call. */
  takeOutput(): string {
    const output = this.#output;
    this.#output = "";
    return output;
  }

  get quiet(): boolean {
    return this.#level === "NONE";
  }

  get level(): OutputLevel {
    return this.#level;
  }

  setLevel(name: string): void {
    const level = LEVELS.find((known) => known === name.toUpperCase());
    if (level === undefined) throw new ScriptError(`log levels must be either of [${LEVELS.join(" ")}]`);
    this.#level = level;
  }

  write(text: string): void {
    if (!this.quiet) this.#output += text;
  }

  #log(level: EventLevel, text: string): void {
    if (LEVELS.indexOf(this.#level) <= LEVELS.indexOf(level)) this.#output += `${level} ${text}\n`;
  }

  /** Prints what `body` prints, indented by two spaces. */
  indented(body: () => void): void {
    const outer = this.#output;
    this.#output = "";
    try {
      body();
    } finally {
      const lines = this.#output.split("\n");
      if (lines.at(-1) === "") lines.pop();
      this.#output = outer + lines.map((line) => `  ${line}\n`).join("");
    }
  }

  node(id: number): EnvNode {
    const node = this.nodes[id - 1];
    assert(node !== undefined, `no node ${id}`);
    return node;
  }

  /** Adds nodes with the next ids; `snapshot`, unless null, is what they start from. */
  addNodes(
    count: number,
    template: Omit<Config, "id" | "storage" | "random">,
    snapshot: Snapshot | null,
  ): void {
    for (let i = 0; i < count; i++) {
      const id = BigInt(this.nodes.length + 1);
      const storage = new MemoryLogStorage();
      if (snapshot !== null) {
        if (snapshot.metadata.index <= 1)
          throw new ScriptError("index must be specified as > 1 due to bootstrap");
        storage.applySnapshot(snapshot);
      }
      const history: Snapshot[] = [snapshot ?? storage.snapshot()];
      const config: Config = {
        ...template,
        id,
        storage: withSnapshot(storage, () => history.at(-1) as Snapshot),
        random: () => 0,
        events: {
          emit: (event): void => {
            const line = describeEvent(id, event);
            this.#log(line.level, line.text);
          },
        },
      };
      const raw = new RawNode(config);
      this.nodes.push({ id, raw, storage, config, appendWork: [], applyWork: [], history });
    }
  }

  /** Ours: the node stops and starts again from what is in its storage, with everything it had applied. */
  restart(id: number): void {
    const node = this.node(id);
    node.appendWork.length = 0;
    node.applyWork.length = 0;
    const last = node.history.at(-1) as Snapshot;
    // The configuration is the application's to remember, as of what it had applied.
    node.storage.setConfState(last.metadata.confState);
    node.raw = new RawNode({ ...node.config, applied: last.metadata.index });
  }

  processReady(node: EnvNode): void {
    const ready = node.raw.ready();
    const async = node.config.asyncStorageWrites === true;
    this.write(describeReady(ready));
    if (!async) {
      persist(node, ready.hardState, ready.entries, ready.snapshot);
      this.#apply(node, ready.committedEntries);
    }
    for (const message of ready.messages) {
      if (!isLocalTarget(message.to)) this.messages.push(message);
      else if (message.type === MessageType.MsgStorageAppend) node.appendWork.push(message);
      else node.applyWork.push(message);
    }
    if (!async) node.raw.advance();
  }

  processAppendThread(node: EnvNode): void {
    const work = node.appendWork.shift();
    if (work === undefined) {
      this.write("no append work to perform");
      return;
    }
    this.#describeWork(work);
    persist(node, { term: work.term, vote: work.vote, commit: work.commit }, work.entries, work.snapshot);
    this.#queueResponses(work);
  }

  processApplyThread(node: EnvNode): void {
    const work = node.applyWork.shift();
    if (work === undefined) {
      this.write("no apply work to perform");
      return;
    }
    this.#describeWork(work);
    this.#apply(node, work.entries);
    this.#queueResponses(work);
  }

  #describeWork(work: Message): void {
    this.write(`Processing:\n${describeMessage({ ...work, responses: [] })}\n`);
  }

  #queueResponses(work: Message): void {
    this.write(`Responses:\n${work.responses.map((response) => `${describeMessage(response)}\n`).join("")}`);
    this.messages.push(...work.responses);
  }

  #apply(node: EnvNode, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = node.history.at(-1) as Snapshot;
      const change = decodeConfChange(entry);
      let confState: ConfState = last.metadata.confState;
      let update = entry.data;
      if (change !== null) {
        confState = node.raw.applyConfChange(change);
        update = toConfChangeV2(change).context;
      }
      node.history.push({
        data: Uint8Array.from([...last.data, ...update]),
        metadata: { confState, index: entry.index, term: entry.term },
      });
    }
  }

  /** Delivers, or drops, the messages to the given nodes. @returns how many there were. */
  deliver(recipients: readonly { id: bigint; drop: boolean }[], type: MessageType | null): number {
    let count = 0;
    for (const { id, drop } of recipients) {
      const taken: Message[] = [];
      const rest: Message[] = [];
      for (const message of this.messages) (isFor(message, id, drop, type) ? taken : rest).push(message);
      this.messages = rest;
      count += taken.length;
      for (const message of taken) {
        this.write(`${drop ? "dropped: " : ""}${describeMessage(message)}\n`);
        if (drop) continue;
        const outcome = this.node(Number(id)).raw.step(message);
        if (outcome !== "accepted") this.write(`${refusalTexts[outcome]}\n`);
      }
    }
    return count;
  }

  /** Runs the nodes until nothing changes: all Readies, then messages, then append threads, then apply threads. */
  stabilize(nodes: readonly EnvNode[]): void {
    for (let busy = true; busy;) {
      busy = false;
      const run = (node: EnvNode, title: string, body: () => void): void => {
        busy = true;
        this.write(`> ${node.id} ${title}\n`);
        body();
      };
      for (const node of nodes) {
        if (!node.raw.hasReady()) continue;
        run(node, "handling Ready", () => this.indented(() => this.processReady(node)));
      }
      for (const node of nodes) {
        if (!this.messages.some((message) => message.to === node.id)) continue;
        run(node, "receiving messages", () =>
          this.indented(() => this.deliver([{ id: node.id, drop: false }], null)),
        );
      }
      for (const node of nodes) {
        if (node.appendWork.length === 0) continue;
        run(node, "processing append thread", () => {
          while (node.appendWork.length > 0) this.indented(() => this.processAppendThread(node));
        });
      }
      for (const node of nodes) {
        if (node.applyWork.length === 0) continue;
        run(node, "processing apply thread", () => {
          while (node.applyWork.length > 0) this.indented(() => this.processApplyThread(node));
        });
      }
    }
  }

  printLog(node: EnvNode): void {
    const first = node.storage.firstIndex();
    const last = node.storage.lastIndex();
    if (last < first) {
      this.write(`log is empty: first index=${first}, last index=${last}`);
      return;
    }
    const entries = node.storage.entries(first, last + 1, Infinity);
    assert(typeof entries !== "string", `entries are ${String(entries)}`);
    this.write(describeEntries(entries));
  }

  propose(node: EnvNode, change: ConfChange | ConfChangeV2 | Uint8Array): void {
    const outcome =
      change instanceof Uint8Array ? node.raw.propose(change) : node.raw.proposeConfChange(change);
    if (outcome !== "accepted") throw new ScriptError(refusalTexts[outcome]);
  }
}

function persist(
  node: EnvNode,
  state: HardState | null,
  entries: readonly Entry[],
  snapshot: Snapshot | null,
): void {
  if (state !== null && !isEmptyHardState(state)) node.storage.setHardState(state);
  if (snapshot !== null && snapshot.metadata.index > 0) {
    assert(entries.length === 0, "can't apply snapshot and entries at the same time");
    assert(node.storage.applySnapshot(snapshot) === "applied", "snapshot is out of date");
    return;
  }
  node.storage.append(entries);
}

function withSnapshot(storage: MemoryLogStorage, snapshot: () => Snapshot): LogStorage {
  return {
    initialState: () => storage.initialState(),
    entries: (lo, hi, bytesMax) => storage.entries(lo, hi, bytesMax),
    term: (index) => storage.term(index),
    firstIndex: () => storage.firstIndex(),
    lastIndex: () => storage.lastIndex(),
    snapshot,
  };
}

/** Local messages are never dropped: storage answers reliably. */
function isFor(message: Message, id: bigint, drop: boolean, type: MessageType | null): boolean {
  const local = message.from === message.to || isLocalTarget(message.from) || isLocalTarget(message.to);
  return message.to === id && !(drop && local) && (type === null || message.type === type);
}
