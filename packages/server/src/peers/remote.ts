/**
 * Questions to other members outside of raft: a newcomer asks who is there, a leader which versions run, a follower asks the leader about
 * leases and promotions. All have a time limit and answer with what was found or why not; nothing is retried beyond the URLs given.
 */
import type { IncomingMessage } from "node:http";
import { formatHexId, parseHexId, type ErrorName } from "@quorate/proto";
import type { HashKvAnswer, MemberRow } from "../api/member-port.js";
import { errorText, joinUrl, openRequest, type Connector, type PeerTls } from "./http-request.js";
import { headerText } from "./identity.js";
import { ANSWER_BYTES_MAX, LEASE_RETRY_PAUSE_MS } from "./limits.js";
import { decodeMembers } from "./members-json.js";
import { readBody } from "./read-body.js";

/** Why a question has no answer, in words for operators. */
export class RemoteFailure {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface AskOptions {
  /** For the whole question, all URLs together where there are several. */
  readonly timeoutMs: number;
  readonly tls?: PeerTls | undefined;
}

export interface ClusterView {
  readonly clusterId: bigint;
  /** As the other member lists them; from Go ascending by id. */
  readonly members: readonly MemberRow[];
}

/**
 * Asks one URL after the other for the members of its cluster; the first well-formed answer counts.
 * `timeoutMs` is for each URL here: one that hangs must not hide the next (etcd: 10 s to join, 1 s at bootstrap).
 */
export async function fetchMembers(
  urls: readonly string[],
  options: AskOptions,
): Promise<ClusterView | RemoteFailure> {
  const reasons: string[] = [];
  for (const url of urls) {
    const view = await fetchMembersFrom(url, options);
    if (!(view instanceof RemoteFailure)) return view;
    reasons.push(`${url}: ${view.reason}`);
  }
  const detail = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return new RemoteFailure(`could not retrieve cluster information from the given URLs${detail}`);
}

async function fetchMembersFrom(url: string, options: AskOptions): Promise<ClusterView | RemoteFailure> {
  const answer = await ask(joinUrl(url, "/members"), { method: "GET" }, options);
  if (answer instanceof RemoteFailure) return answer;
  if (answer.status !== 200) return unexpected(answer);
  const members = decodeMembers(answer.text);
  const clusterId = parseHexId(answer.clusterIdText ?? "");
  if (members === undefined) return new RemoteFailure("its list of members cannot be read");
  if (clusterId === undefined) return new RemoteFailure("it does not name its cluster");
  return { clusterId, members };
}

export interface RemoteVersions {
  /** As `3.7.0`; not checked. */
  readonly server: string;
  /** As `3.7.0`, or `not_decided`. */
  readonly cluster: string;
}

export async function fetchVersion(
  url: string,
  options: AskOptions,
): Promise<RemoteVersions | RemoteFailure> {
  const answer = await ask(joinUrl(url, "/version"), { method: "GET" }, options);
  if (answer instanceof RemoteFailure) return answer;
  if (answer.status !== 200) return unexpected(answer);
  const value = parseObject(answer.text);
  const server = value?.["etcdserver"];
  const cluster = value?.["etcdcluster"];
  if (typeof server !== "string" || typeof cluster !== "string") {
    return new RemoteFailure("its versions cannot be read");
  }
  return { server, cluster };
}

export async function fetchDowngradeEnabled(
  url: string,
  options: AskOptions,
): Promise<boolean | RemoteFailure> {
  const answer = await ask(joinUrl(url, "/downgrade/enabled"), { method: "GET" }, options);
  if (answer instanceof RemoteFailure) return answer;
  // Members before 3.5 know no downgrades and say that there is no such page.
  if (answer.status === 404) return false;
  if (answer.status !== 200 || !/^(true|false)\s*$/.test(answer.text)) return unexpected(answer);
  return answer.text.trim() === "true";
}

export interface RemoteHashKv extends HashKvAnswer {
  /** Revision of the other member's store. */
  readonly revision: number;
}

/**
 * Asks a member of this cluster for the hash of its keys at `revision`. `timeoutMs` is for this URL; a store of gigabytes takes its time to
 * be hashed.
 */
export async function fetchHashKv(
  url: string,
  { clusterId, revision }: { readonly clusterId: bigint; readonly revision: number },
  options: AskOptions,
): Promise<RemoteHashKv | "compacted" | "future-revision" | RemoteFailure> {
  const headers = { "Content-Type": "application/json", "X-Etcd-Cluster-ID": formatHexId(clusterId) };
  const body = Buffer.from(JSON.stringify({ revision }));
  const answer = await ask(joinUrl(url, "/members/hashkv"), { method: "GET", headers, body }, options);
  if (answer instanceof RemoteFailure) return answer;
  if (answer.status === 400 && answer.text.includes("has been compacted")) return "compacted";
  if (answer.status === 400 && answer.text.includes("future revision")) return "future-revision";
  if (answer.status !== 200) return unexpected(answer);
  const value = parseObject(answer.text);
  if (value === undefined) return new RemoteFailure("its hash cannot be read");
  const header = value["header"] as Readonly<Record<string, unknown>> | undefined;
  return {
    revision: numberOf(header?.["revision"]),
    hash: numberOf(value["hash"]),
    compactRevision: numberOf(value["compact_revision"]),
    hashRevision: numberOf(value["hash_revision"]),
  };
}

export interface PromoteOptions extends AskOptions {
  /** The client's token, when it gave one. */
  readonly token?: string | undefined;
}

/** Asks the leader, at one URL after the other, to promote a learner. @returns the members afterwards, or why not. */
export async function postPromote(
  urls: readonly string[],
  id: bigint,
  options: PromoteOptions,
): Promise<readonly MemberRow[] | ErrorName | RemoteFailure> {
  const untilMs = performance.now() + options.timeoutMs;
  const headers = options.token === undefined ? {} : { Authorization: options.token };
  let last: RemoteFailure | undefined;
  for (const url of urls) {
    const left = { ...options, timeoutMs: untilMs - performance.now() };
    if (left.timeoutMs <= 0) return "timeout";
    const answer = await ask(joinUrl(url, `/members/promote/${id}`), { method: "POST", headers }, left);
    const outcome = answer instanceof RemoteFailure ? answer : judgePromotion(answer);
    if (!(outcome instanceof RemoteFailure)) return outcome;
    last = outcome;
  }
  return last ?? new RemoteFailure("the leader has no URL");
}

function judgePromotion(answer: Answer): readonly MemberRow[] | ErrorName | RemoteFailure {
  switch (answer.status) {
    case 200:
      return decodeMembers(answer.text) ?? new RemoteFailure("its list of members cannot be read");
    case 404:
      return "member-not-found";
    case 408:
      return "timeout";
    case 412:
      // Both refusals have this status; the longer text contains most of the other.
      if (answer.text.includes("which is in sync with leader")) return "learner-not-ready";
      if (answer.text.includes("can only promote a learner member")) return "member-not-learner";
      return unexpected(answer);
    default:
      return unexpected(answer);
  }
}

/**
 * Posts a lease request to the leader, URL after URL and round after round, until one answers or time is up.
 * @param path `/leases` or `/leases/internal`.
 * @returns the encoded response, `lease-not-found` as soon as one says so, or `timeout`.
 */
export async function postLease(
  urls: readonly string[],
  { path, body }: { readonly path: "/leases" | "/leases/internal"; readonly body: Uint8Array },
  options: AskOptions,
): Promise<Uint8Array | "lease-not-found" | "timeout"> {
  const untilMs = performance.now() + options.timeoutMs;
  const headers = { "Content-Type": "application/protobuf" };
  while (urls.length > 0) {
    for (const url of urls) {
      const left = { ...options, timeoutMs: untilMs - performance.now() };
      if (left.timeoutMs <= 0) return "timeout";
      const answer = await ask(joinUrl(url, path), { method: "POST", headers, body }, left);
      if (answer instanceof RemoteFailure) continue;
      if (answer.status === 404) return "lease-not-found";
      if (answer.status === 200) return new Uint8Array(answer.bytes);
    }
    if (performance.now() + LEASE_RETRY_PAUSE_MS >= untilMs) break;
    await new Promise((resolve) => setTimeout(resolve, LEASE_RETRY_PAUSE_MS));
  }
  return "timeout";
}

interface Question {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly clusterIdText: string | undefined;
  readonly bytes: Buffer;
  readonly text: string;
}

/** One question on a connection of its own. Never rejects. */
function ask(
  url: string,
  { method, headers = {}, body }: Question,
  { timeoutMs, tls }: AskOptions,
): Promise<Answer | RemoteFailure> {
  const connector: Connector = { tls };
  return new Promise((resolve) => {
    const fail = (error: unknown): void => resolve(new RemoteFailure(errorText(error)));
    const length = body === undefined ? {} : { "Content-Length": String(body.length) };
    let request;
    try {
      request = openRequest(url, { method, headers: { ...headers, ...length } }, connector);
    } catch (error) {
      fail(error);
      return;
    }
    const opened = request;
    const timer = setTimeout(() => opened.destroy(new Error("i/o timeout")), timeoutMs);
    opened.once("close", () => clearTimeout(timer));
    opened.on("error", fail);
    opened.once("response", (response) => {
      response.on("error", fail);
      readBody(response, ANSWER_BYTES_MAX).then((bytes) => resolve(toAnswer(response, bytes)), fail);
    });
    opened.end(body);
  });
}

function toAnswer(response: IncomingMessage, bytes: Buffer): Answer {
  return {
    status: response.statusCode ?? 0,
    clusterIdText: headerText(response.headers, "x-etcd-cluster-id"),
    bytes,
    text: bytes.toString("utf8"),
  };
}

function unexpected({ status, text }: Answer): RemoteFailure {
  return new RemoteFailure(`unexpected answer ${status}: ${text.slice(0, 200).trim()}`);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Zeroes are left out of the JSON. */
function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
