/** A console before a real member, both in this process, and the calls that a browser makes. */
import { createClient } from "@connectrpc/connect";
import type { Client, Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { startTestServer } from "@quorate/client/testing";
import type { TestServer } from "@quorate/client/testing";
import { CONSOLE_HEADERS, consolepb, etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll } from "vitest";
import type { ClusterOptions } from "../clusters/cluster-options.js";
import { connectWithSdk } from "../clusters/connect-with-sdk.js";
import type { ConsoleOptions } from "../config/console-options.js";
import { startConsole } from "../console-server.js";
import type { RunningConsole } from "../console-server.js";
import { makeScreens } from "./screens.js";

export interface Browser {
  readonly console: Client<typeof consolepb.ConsoleService>;
  readonly kv: Client<typeof etcdserverpb.KV>;
  readonly lease: Client<typeof etcdserverpb.Lease>;
  readonly maintenance: Client<typeof etcdserverpb.Maintenance>;
  readonly cluster: Client<typeof etcdserverpb.Cluster>;
  readonly auth: Client<typeof etcdserverpb.Auth>;
}

export interface ConsoleUnderTest extends Browser {
  readonly member: TestServer;
  readonly url: string;
  /** Another browser, with headers of its own and none of the first one's. */
  browse(headers: Readonly<Record<string, string>>): Browser;
}

/** Started before the tests of the file and stopped after them. Its properties are there while tests run. */
export function useConsole(
  change: Partial<ConsoleOptions> = {},
  credentials?: ClusterOptions["credentials"],
): ConsoleUnderTest {
  const state: { member?: TestServer; running?: RunningConsole; browser?: Browser } = {};
  const screens = makeScreens();
  beforeAll(async () => {
    state.member = await startTestServer();
    const options: ConsoleOptions = {
      listen: { host: "127.0.0.1", port: 0 },
      fallsBackToFreePort: false,
      allowedHosts: [],
      isReadOnly: false,
      clusters: [
        {
          id: "default",
          name: "default",
          endpoints: [`http://${state.member.endpoint}`],
          ...(credentials === undefined ? {} : { credentials }),
        },
      ],
      uiFolder: screens.folder,
      endsWithStdin: false,
      ...change,
    };
    state.running = await startConsole(options, connectWithSdk);
    state.browser = browse(state.running.url, { [CONSOLE_HEADERS.csrf]: "1" });
  });
  afterAll(async () => {
    await state.running?.stop();
    await state.member?.stop();
    screens.remove();
  });
  return {
    get member() {
      return demand(state.member);
    },
    get url() {
      return demand(state.running).url;
    },
    get console() {
      return demand(state.browser).console;
    },
    get kv() {
      return demand(state.browser).kv;
    },
    get lease() {
      return demand(state.browser).lease;
    },
    get maintenance() {
      return demand(state.browser).maintenance;
    },
    get cluster() {
      return demand(state.browser).cluster;
    },
    get auth() {
      return demand(state.browser).auth;
    },
    browse: (headers) => browse(demand(state.running).url, headers),
  };
}

function browse(url: string, headers: Readonly<Record<string, string>>): Browser {
  const addHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", interceptors: [addHeaders] });
  return {
    console: createClient(consolepb.ConsoleService, transport),
    kv: createClient(etcdserverpb.KV, transport),
    lease: createClient(etcdserverpb.Lease, transport),
    maintenance: createClient(etcdserverpb.Maintenance, transport),
    cluster: createClient(etcdserverpb.Cluster, transport),
    auth: createClient(etcdserverpb.Auth, transport),
  };
}

function demand<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the console is there while tests run");
  return value;
}

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");
