/** The command language of interaction scripts, on top of an InteractionEnv. */
import { describeMessage } from "../describe.js";
import { describeProgressMap } from "../tracker/describe.js";
import { type ConfChange, ConfChangeTransition, type ConfChangeV2 } from "../types/conf-change.js";
import type { Config } from "../types/config.js";
import { emptyBytes } from "../types/entry.js";
import { MessageType, createMessage } from "../types/message.js";
import type { Snapshot } from "../types/snapshot.js";
import { parseChanges } from "./conf-change-text.js";
import type { ScriptArg, ScriptCase } from "./data-driven.js";
import { type EnvNode, type InteractionEnv, ScriptError, refusalTexts } from "./interaction-env.js";

/** Plays one case and returns what it prints. */
export function handleInteraction(env: InteractionEnv, test: ScriptCase): string {
  env.takeOutput();
  try {
    const command = commands[test.command];
    if (command === undefined) throw new ScriptError("unknown command");
    command(env, test);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    if (env.quiet) return error.message;
    env.write(error.message);
  }
  return env.takeOutput() || "ok";
}

type Command = (env: InteractionEnv, test: ScriptCase) => void;

const commands: Readonly<Record<string, Command>> = {
  "add-nodes": addNodes,
  campaign: (env, test) => void first(env, test).raw.campaign(),
  compact: (env, test) => {
    const node = first(env, test);
    node.storage.compact(Number(bareKeys(test)[1]));
    env.printLog(node);
  },
  "deliver-msgs": deliverMessages,
  "forget-leader": (env, test) => void first(env, test).raw.forgetLeader(),
  "log-level": (env, test) => env.setLevel(bareKeys(test)[0] ?? ""),
  "process-ready": (env, test) => {
    forEachNode(env, test, "handling Ready", (node) => env.processReady(node));
  },
  "process-append-thread": (env, test) => {
    forEachNode(env, test, "processing append thread", (node) => env.processAppendThread(node));
  },
  "process-apply-thread": (env, test) => {
    forEachNode(env, test, "processing apply thread", (node) => env.processApplyThread(node));
  },
  propose: (env, test) => env.propose(first(env, test), toBytes(bareKeys(test)[1] ?? "")),
  "propose-conf-change": (env, test) => env.propose(first(env, test), confChangeOf(test)),
  "raft-log": (env, test) => env.printLog(first(env, test)),
  "raft-state": printStates,
  "report-unreachable": (env, test) => {
    const [node, other] = nodesOf(env, test);
    if (node === undefined || other === undefined) throw new ScriptError("must specify exactly two nodes");
    node.raw.reportUnreachable(other.id);
  },
  "send-snapshot": sendSnapshot,
  "set-randomized-election-timeout": (env, test) => {
    first(env, test).raw.setRandomizedElectionTicks(Number(option(test, "timeout")));
  },
  stabilize,
  status: (env, test) => env.write(describeProgressMap(first(env, test).raw.status().progress)),
  "tick-election": (env, test) => {
    const node = first(env, test);
    for (let i = 0; i < node.config.electionTick; i++) node.raw.tick();
  },
  "tick-heartbeat": (env, test) => {
    const node = first(env, test);
    for (let i = 0; i < node.config.heartbeatTick; i++) node.raw.tick();
  },
  "transfer-leadership": (env, test) => {
    env.node(Number(option(test, "from"))).raw.transferLeader(BigInt(option(test, "to") ?? "0"));
  },

  // Ours.
  "read-index": (env, test) => first(env, test).raw.readIndex(toBytes(bareKeys(test)[1] ?? "")),
  "report-snapshot": (env, test) => {
    const [node, other] = nodesOf(env, test);
    if (node === undefined || other === undefined) throw new ScriptError("must specify exactly two nodes");
    node.raw.reportSnapshot(other.id, option(test, "status") === "failure" ? "failure" : "finish");
  },
  "propose-batch": (env, test) => {
    const [, ...datas] = bareKeys(test);
    const outcome = first(env, test).raw.proposeBatch(datas.map(toBytes));
    if (outcome !== "accepted") throw new ScriptError(refusalTexts[outcome]);
  },
  restart: (env, test) => env.restart(Number(bareKeys(test)[0])),
};

function bareKeys(test: ScriptCase): string[] {
  return test.args.filter((arg) => arg.vals.length === 0).map((arg) => arg.key);
}

function option(test: ScriptCase, key: string): string | undefined {
  return test.args.find((arg) => arg.key === key)?.vals[0];
}

function first(env: InteractionEnv, test: ScriptCase): EnvNode {
  return env.node(Number(bareKeys(test)[0]));
}

function nodesOf(env: InteractionEnv, test: ScriptCase): EnvNode[] {
  return bareKeys(test).map((key) => env.node(Number(key)));
}

function forEachNode(
  env: InteractionEnv,
  test: ScriptCase,
  title: string,
  body: (node: EnvNode) => void,
): void {
  const nodes = nodesOf(env, test);
  for (const node of nodes) {
    if (nodes.length === 1) {
      body(node);
      continue;
    }
    env.write(`> ${node.id} ${title}\n`);
    env.indented(() => body(node));
  }
}

function toBytes(text: string): Uint8Array {
  return text === "" ? emptyBytes : new TextEncoder().encode(text);
}

function addNodes(env: InteractionEnv, test: ScriptCase): void {
  let config: Omit<Config, "id" | "storage" | "random"> = {
    electionTick: 3,
    heartbeatTick: 1,
    maxSizePerMsg: Infinity,
    maxInflightMsgs: 2 ** 31 - 1,
  };
  const voters: bigint[] = [];
  const learners: bigint[] = [];
  let index = 0;
  let data = emptyBytes;
  for (const arg of test.args.slice(1)) {
    const value = arg.vals[0] ?? "";
    if (arg.key === "voters") voters.push(...arg.vals.map(BigInt));
    else if (arg.key === "learners") learners.push(...arg.vals.map(BigInt));
    else if (arg.key === "content") data = toBytes(value);
    else if (arg.key === "index") config = { ...config, applied: (index = Number(value)) };
    else config = { ...config, ...configOption(arg, value) };
  }
  const isEmpty = voters.length + learners.length + index + data.length === 0;
  const confState = { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
  const snapshot: Snapshot = { data, metadata: { confState, index, term: 1 } };
  env.addNodes(Number(test.args[0]?.key), config, isEmpty ? null : snapshot);
}

function configOption(arg: ScriptArg, value: string): Partial<Config> {
  const on = value === "true";
  switch (arg.key) {
    case "inflight":
      return { maxInflightMsgs: Number(value) };
    case "max-size-per-msg": // ours
      return { maxSizePerMsg: Number(value) };
    case "max-uncommitted-size": // ours
      return { maxUncommittedEntriesSize: Number(value) };
    case "disable-proposal-forwarding": // ours
      return { disableProposalForwarding: on };
    case "async-storage-writes":
      return { asyncStorageWrites: on };
    case "prevote":
      return { preVote: on };
    case "checkquorum":
      return { checkQuorum: on };
    case "max-committed-size-per-ready":
      return { maxCommittedSizePerReady: Number(value) };
    case "disable-conf-change-validation":
      return { disableConfChangeValidation: on };
    case "read-only":
      return { readOnlyOption: value === "lease-based" ? "lease-based" : "safe" };
    case "step-down-on-removal":
      return { stepDownOnRemoval: on };
    default:
      throw new ScriptError(`unknown option ${arg.key}`);
  }
}

function confChangeOf(test: ScriptCase): ConfChange | ConfChangeV2 {
  const changes = parseChanges(test.input);
  const transitions: Readonly<Record<string, ConfChangeTransition>> = {
    auto: ConfChangeTransition.ConfChangeTransitionAuto,
    implicit: ConfChangeTransition.ConfChangeTransitionJointImplicit,
    explicit: ConfChangeTransition.ConfChangeTransitionJointExplicit,
  };
  const name = option(test, "transition") ?? "auto";
  const transition = transitions[name];
  if (transition === undefined) throw new ScriptError(`unknown transition ${name}`);
  if (option(test, "v1") !== "true") return { transition, changes, context: emptyBytes };
  const [single] = changes;
  if (single === undefined || changes.length > 1 || name !== "auto") {
    throw new ScriptError("v1 conf change can only have one operation and no transition");
  }
  return { id: 0n, ...single, context: emptyBytes };
}

function deliverMessages(env: InteractionEnv, test: ScriptCase): void {
  const recipients: { id: bigint; drop: boolean }[] = [];
  let type: MessageType | null = null;
  for (const arg of test.args) {
    if (arg.vals.length === 0) recipients.push({ id: BigInt(arg.key), drop: false });
    else if (arg.key === "drop") recipients.push(...arg.vals.map((id) => ({ id: BigInt(id), drop: true })));
    else if (arg.key === "type") type = MessageType[arg.vals[0] as keyof typeof MessageType];
  }
  if (env.deliver(recipients, type) === 0) env.write("no messages\n");
}

function printStates(env: InteractionEnv): void {
  for (const { raw } of env.nodes) {
    const { id, softState, hardState, confState } = raw.status();
    const isVoter = confState.voters.includes(id) || confState.votersOutgoing.includes(id);
    env.write(
      `${id}: ${softState.role} ${isVoter ? "(Voter)" : "(Non-Voter)"} Term:${hardState.term} Lead:${softState.lead}\n`,
    );
  }
}

/** Queues a snapshot message by hand, as a misbehaving or replayed sender would. */
function sendSnapshot(env: InteractionEnv, test: ScriptCase): void {
  const [from, to] = nodesOf(env, test);
  if (from === undefined || to === undefined) throw new ScriptError("must specify exactly two nodes");
  const message = createMessage({
    type: MessageType.MsgSnap,
    term: from.raw.basicStatus().hardState.term,
    from: from.id,
    to: to.id,
    snapshot: from.history.at(-1) ?? null,
  });
  env.messages.push(message);
  env.write(describeMessage(message));
}

function stabilize(env: InteractionEnv, test: ScriptCase): void {
  const level = option(test, "log-level");
  const before = env.level;
  if (level !== undefined) env.setLevel(level);
  try {
    const chosen = nodesOf(env, test);
    env.stabilize(chosen.length > 0 ? chosen : env.nodes);
  } finally {
    env.setLevel(before);
  }
}
