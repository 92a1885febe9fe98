/** Questions between members outside of raft, over simulated lines. */
import { create, etcdserverpb, fromBinary, leasepb, toBinary } from "@quorate/proto";
import { RemoteFailure, type PeerLocalPort, type RemotePort } from "@quorate/server/world";
import type { Life } from "../world/life.js";
import type { SimNetwork } from "../world/sim-network.js";
import type { Directory, Place, Running } from "./directory.js";

export interface RemoteParts {
  readonly place: Place;
  readonly directory: Directory;
  readonly network: SimNetwork;
  readonly life: Life;
}

export function createRemotes(parts: RemoteParts): RemotePort {
  return {
    fetchVersion: async (url, { timeoutMs }) => {
      const answer = await ask(parts, url, timeoutMs, ({ serverVersion, local }) => ({
        server: serverVersion,
        cluster: local?.clusterVersion() ?? "not_decided",
      }));
      return answer ?? new RemoteFailure("no answer");
    },
    fetchHashKv: async (url, { revision }, { timeoutMs }) => {
      const answer = await ask(parts, url, timeoutMs, ({ local }) => local?.hashKv(revision));
      return answer ?? new RemoteFailure("no answer");
    },
    postPromote: async (urls, id, { timeoutMs }) => {
      const answer = await ask(parts, urls[0] ?? "", timeoutMs, ({ local }) => local?.promote(id, undefined));
      if (answer === undefined || (answer.kind === "failed" && typeof answer.failure !== "string"))
        return new RemoteFailure("no answer");
      return answer.kind === "failed" ? (answer.failure as "timeout") : answer.members;
    },
    postLease: async (urls, { path, body }, { timeoutMs }) => {
      for (const url of urls) {
        const answer = await ask(parts, url, timeoutMs, ({ local }) =>
          local === undefined ? undefined : path === "/leases" ? renew(local, body) : lookUp(local, body),
        );
        if (answer === "lease-not-found" || answer instanceof Uint8Array) return answer;
      }
      return "timeout";
    },
  };
}

async function renew(local: PeerLocalPort, body: Uint8Array): Promise<Uint8Array | string> {
  const { ID } = fromBinary(etcdserverpb.LeaseKeepAliveRequestSchema, body);
  const TTL = await local.leases.renew(ID);
  if (typeof TTL === "string") return TTL;
  const { LeaseKeepAliveResponseSchema: schema } = etcdserverpb;
  return toBinary(schema, create(schema, { ID, TTL }));
}

async function lookUp(local: PeerLocalPort, body: Uint8Array): Promise<Uint8Array | string> {
  const asked = fromBinary(leasepb.LeaseInternalRequestSchema, body).LeaseTimeToLiveRequest;
  if (asked === undefined) return "malformed";
  const times = await local.leases.timeToLive(asked.ID, asked.keys);
  if (typeof times === "string") return times;
  const { LeaseInternalResponseSchema: schema } = leasepb;
  const { ttl: TTL, grantedTtl: grantedTTL } = times;
  const answer = { header: {}, ID: asked.ID, TTL, grantedTTL, keys: [...times.keys] };
  return toBinary(schema, create(schema, { LeaseTimeToLiveResponse: answer }));
}

/** @returns undefined when no answer came in time. */
function ask<T>(
  { place, directory, network, life }: RemoteParts,
  url: string,
  timeoutMs: number,
  question: (target: Running) => T | undefined | Promise<T | undefined>,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    life.scheduler.after(timeoutMs, () => resolve(undefined));
    const to = directory.findByUrl(url);
    if (to === undefined) return;
    const arrive = (): void => {
      const target = to.running;
      target?.life.run(() => {
        void Promise.resolve(question(target)).then((answer) =>
          network.send(to.name, place.name, () => life.run(() => resolve(answer)), true),
        );
      });
    };
    network.send(place.name, to.name, arrive, true);
  });
}
