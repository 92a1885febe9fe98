/**
 * The console's server without a server: an in-memory store behind the same services, for component tests and for looking at the
 * console without a cluster (`vite build --mode fake`).
 */
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { TransportFactory } from "../data/clients.js";
import { fakeKeys } from "./fake-keys.js";
import { fakeKv } from "./fake-kv.js";
import { FakeStore } from "./fake-store.js";

export interface FakeConsole {
  readonly store: FakeStore;
  readonly transport: TransportFactory;
  /** Changed at any time, they show at the next call or the next overview. */
  readonly session: consolepb.GetSessionResponse;
  readonly overview: consolepb.GetOverviewResponse;
  readonly leases: etcdserverpb.LeaseTimeToLiveResponse[];
  readonly contests: consolepb.Contest[];
  readonly metrics: consolepb.GetMetricsResponse;
  /** While set, every call fails with it. */
  trouble: ConnectError | undefined;
}

export interface FakeOptions {
  /** How often watched overviews are sent, in milliseconds. */
  readonly overviewMs?: number;
  /** Further services of the fake, such as Maintenance for one test. */
  readonly routes?: (router: ConnectRouter) => void;
}

export function createFakeConsole({ overviewMs = 1000, routes }: FakeOptions = {}): FakeConsole {
  const store = new FakeStore();
  const fake: FakeConsole = {
    store,
    session: create(consolepb.GetSessionResponseSchema, {
      consoleVersion: "0.1.0",
      clusters: [{ id: "local", name: "local", endpoints: ["http://127.0.0.1:2379"] }],
    }),
    overview: fakeOverview(),
    leases: [],
    contests: [],
    metrics: create(consolepb.GetMetricsResponseSchema),
    trouble: undefined,
    transport: (interceptors) =>
      createRouterTransport(
        (router) => {
          router.service(consolepb.ConsoleService, fakeService(fake, overviewMs));
          router.service(
            etcdserverpb.KV,
            fakeKv(store, () => refuseWhenReadOnly(fake)),
          );
          routes?.(router);
        },
        {
          transport: {
            interceptors: [
              ...interceptors,
              (next) => (request) =>
                fake.trouble === undefined ? next(request) : Promise.reject(fake.trouble),
            ],
          },
        },
      ),
  };
  return fake;
}

/** Three members in good health, the first leading. */
function fakeOverview(): consolepb.GetOverviewResponse {
  const names = ["alpha", "beta", "gamma"];
  return create(consolepb.GetOverviewResponseSchema, {
    clusterId: 0xcdf818194e3a8c32n,
    leaderId: 0x8e9e05c52164694dn,
    hasQuorum: true,
    authOffered: true,
    members: names.map((name, at) => ({
      member: {
        ID: 0x8e9e05c52164694dn + BigInt(at),
        name,
        clientURLs: [`http://10.0.0.${at + 1}:2379`],
        peerURLs: [`http://10.0.0.${at + 1}:2380`],
      },
      status: {
        version: "3.7.0",
        leader: 0x8e9e05c52164694dn,
        dbSize: 48_000_000n + BigInt(at) * 131_072n,
        dbSizeInUse: 31_000_000n,
        dbSizeQuota: 2_147_483_648n,
        raftTerm: 7n,
        raftIndex: 10_482n,
        raftAppliedIndex: 10_482n - BigInt(at),
        storageVersion: "3.7.0",
      },
      latencyMs: 0.6 + at * 0.4,
      uptimeSeconds: 93_000 + at * 40,
    })),
  });
}

function fakeService(
  fake: FakeConsole,
  overviewMs: number,
): Partial<ServiceImpl<typeof consolepb.ConsoleService>> {
  const { store, session } = fake;
  return {
    ...fakeKeys(store),
    getSession: () => session,
    login: ({ user, password }) => {
      if (password !== "quorate") throw new ConnectError("User or password is wrong.", Code.InvalidArgument);
      session.loggedIn = true;
      session.user = user;
      return {};
    },
    logout: () => {
      session.loggedIn = false;
      return {};
    },
    getOverview: () => currentOverview(fake),
    async *watchOverview(_request, context) {
      while (!context.signal.aborted && fake.trouble === undefined) {
        yield currentOverview(fake);
        await new Promise((resolve) => setTimeout(resolve, overviewMs));
      }
    },
    listLeases: () => ({ leases: fake.leases, total: BigInt(fake.leases.length) }),
    listContests: () => ({ contests: fake.contests }),
    getMetrics: () => fake.metrics,
  };
}

function currentOverview({ overview, store }: FakeConsole): consolepb.GetOverviewResponse {
  return create(consolepb.GetOverviewResponseSchema, {
    ...overview,
    revision: store.revision,
    gatheredAtMs: BigInt(Date.now()),
  });
}

function refuseWhenReadOnly({ session }: FakeConsole): void {
  if (session.readOnly) throw new ConnectError("This console is read-only.", Code.PermissionDenied);
}
