/** The settings of one node, and the one place that checks them. Source: upstream raft.go, Config. */
import type { EventSink } from "../events/event.js";
import type { LogStorage } from "./log-storage.js";
import { NONE, isLocalTarget } from "./message.js";

/** "safe" asks a quorum for every read round; "lease-based" trusts the clock and needs `checkQuorum`. */
export type ReadOnlyOption = "safe" | "lease-based";

export interface Config {
  /** Own id: not 0, not a pseudo node. */
  readonly id: bigint;
  /** Ticks without a leader before campaigning; the actual timeout is drawn from [electionTick, 2 * electionTick). */
  readonly electionTick: number;
  /** Ticks between heartbeats; less than `electionTick`. */
  readonly heartbeatTick: number;
  readonly storage: LogStorage;
  /** Port: a uniform integer in [0, bound). The only source of chance. */
  readonly random: (bound: number) => number;
  /** Encoded entry bytes per MsgApp; at least one entry always goes. `Infinity`: no limit; 0: one entry per message. */
  readonly maxSizePerMsg: number;
  /** Unacknowledged MsgApps per follower; above 0. */
  readonly maxInflightMsgs: number;
  /** Payload bytes in unacknowledged MsgApps per follower; 0 (default): no limit, else at least `maxSizePerMsg`. */
  readonly maxInflightBytes?: number;
  /** Encoded bytes of committed entries handed out and not yet acknowledged; 0 (default): `maxSizePerMsg`. */
  readonly maxCommittedSizePerReady?: number;
  /** Payload bytes of the leader's uncommitted tail beyond which proposals are dropped; 0 (default): no limit. */
  readonly maxUncommittedEntriesSize?: number;
  /**
   * Last applied index; set on restart so that older entries are not handed out again. It may not lie above the stored
   * commit index, and the stored configuration must be the one as of this index. Default 0: the snapshot's.
   */
  readonly applied?: number;
  /** Storage is written through messages and answered through `step`, instead of `advance`. Default false. */
  readonly asyncStorageWrites?: boolean;
  /** A leader that heard of no quorum for an election timeout steps down. Default false. */
  readonly checkQuorum?: boolean;
  /** Ask before disturbing: no term is raised before a quorum would vote. Default false. */
  readonly preVote?: boolean;
  /** Default "safe". */
  readonly readOnlyOption?: ReadOnlyOption;
  /** Followers drop proposals instead of forwarding them. Default false. */
  readonly disableProposalForwarding?: boolean;
  /** The leader appends conf changes unchecked; only for callers that serialise and verify them. Default false. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that was removed or demoted steps down when it applies that. Default false. */
  readonly stepDownOnRemoval?: boolean;
  /** Port: what happens inside, as typed events. Default: nobody listens. */
  readonly events?: EventSink;
}

/** A config with every default filled in. */
export type CheckedConfig = Required<Omit<Config, "events">> & { readonly events: EventSink | null };

/** Fills in defaults. @returns the checked config, or what is wrong with it as a sentence. */
export function checkConfig(config: Config): CheckedConfig | string {
  if (config.id === NONE) return "cannot use none as id";
  if (isLocalTarget(config.id)) return "cannot use local target as id";
  if (config.heartbeatTick <= 0) return "heartbeat tick must be greater than 0";
  if (config.electionTick <= config.heartbeatTick) return "election tick must be greater than heartbeat tick";
  if (config.maxInflightMsgs <= 0) return "max inflight messages must be greater than 0";
  const maxInflightBytes = config.maxInflightBytes ?? 0;
  if (maxInflightBytes !== 0 && maxInflightBytes < config.maxSizePerMsg) {
    return "max inflight bytes must be >= max message size";
  }
  const readOnlyOption = config.readOnlyOption ?? "safe";
  const checkQuorum = config.checkQuorum ?? false;
  if (readOnlyOption === "lease-based" && !checkQuorum) {
    return "CheckQuorum must be enabled when ReadOnlyOption is ReadOnlyLeaseBased";
  }
  return {
    id: config.id,
    electionTick: config.electionTick,
    heartbeatTick: config.heartbeatTick,
    storage: config.storage,
    random: config.random,
    maxSizePerMsg: config.maxSizePerMsg,
    maxInflightMsgs: config.maxInflightMsgs,
    maxInflightBytes: maxInflightBytes === 0 ? Infinity : maxInflightBytes,
    maxCommittedSizePerReady: (config.maxCommittedSizePerReady ?? 0) || config.maxSizePerMsg,
    maxUncommittedEntriesSize: (config.maxUncommittedEntriesSize ?? 0) || Infinity,
    applied: config.applied ?? 0,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    checkQuorum,
    preVote: config.preVote ?? false,
    readOnlyOption,
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
    events: config.events ?? null,
  };
}
