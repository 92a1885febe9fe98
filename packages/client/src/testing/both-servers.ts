/** Suites of the client itself: on our server and on etcd's over either transport, each with a client of its own. */
import { afterAll, beforeAll, describe } from "vitest";
import type { Client } from "../client.js";
import { createClient, type CreateClientOptions, type TransportName } from "../node/create-client.js";
import { TRANSPORTS } from "./bench.js";
import { ETCD_BIN, hasProgram, startEtcdServer } from "./etcd-server.js";
import { startTestServer } from "./test-server.js";

export interface Bench {
  readonly endpoint: string;
  readonly client: Client;
  /** Whether the server is Quorate, which has what etcd 3.7 has. */
  readonly isQuorate: boolean;
  /** Another client of the same server. */
  connect(options?: Partial<CreateClientOptions>): Client;
}

interface Running {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** The servers live as long as the suite; tests use keys of their own. etcd's suite is skipped where it is not installed. */
export function onBothServers(suite: (bench: Bench) => void): void {
  for (const transport of TRANSPORTS) {
    describe(`on Quorate over ${transport}`, () => suite(useServer(startTestServer, true, transport)));
    describe.skipIf(!hasProgram(ETCD_BIN))(`on etcd over ${transport}`, () =>
      suite(useServer(startEtcdServer, false, transport)),
    );
  }
}

function useServer(start: () => Promise<Running>, isQuorate: boolean, transport: TransportName): Bench {
  let running: Running | undefined;
  const clients: Client[] = [];
  const connect = (options: Partial<CreateClientOptions> = {}): Client => {
    if (running === undefined) throw new Error("the server does not run yet");
    const client = createClient({ endpoints: running.endpoint, transport, ...options });
    clients.push(client);
    return client;
  };
  let shared: Client | undefined;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await running?.stop();
  });
  return {
    isQuorate,
    connect,
    get endpoint() {
      return running?.endpoint ?? "";
    },
    get client() {
      return (shared ??= connect());
    },
  };
}
