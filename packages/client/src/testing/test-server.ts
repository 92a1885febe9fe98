/**
 * A real member in this process, for tests of code that uses the SDK: the same code that runs in production, on a port of its own,
 * with nothing to install and nothing left behind.
 */
import { join } from "node:path";
import type { ErrorName } from "@quorate/proto";
import { startMember, type EmbeddedMember, type Logger, type MemberOptions } from "@quorate/server/embed";
import type { Client } from "../client.js";
import { hasReason } from "../errors/errors.js";
import { createClient, type CreateClientOptions } from "../node/create-client.js";
import { makeTestFolder, type TestFolder } from "./test-folder.js";

/** Of clients of a test server, which know where it is. */
export type TestClientOptions = Omit<CreateClientOptions, "endpoints" | "user"> & {
  readonly user?: CreateClientOptions["user"] | undefined;
};

/** What a test wants of its server. */
export interface TestServerOptions {
  /**
   * Where the data is: in memory (default; on systems without a file system there, a temporary folder), in a temporary folder on
   * disk, or in a folder of yours, which is kept and may hold the data of an earlier server.
   */
  readonly data?: "memory" | "disk" | { readonly dir: string };
  /** Bytes of the database that raise the NOSPACE alarm. Default 2 GiB. */
  readonly quotaBytes?: number;
  /** Any other flag of the server's command line by its name without dashes, as text. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Where the server's lines go. Default: nowhere. */
  readonly logger?: Logger;
  /** Switches authentication on, with a user `root` of this password, as whom `client` is logged in. Default: off. */
  readonly rootPassword?: string;
  /** Serves over TLS with a certificate made for it, which `client` trusts and whose file is `caFile`. Default: false. */
  readonly tls?: boolean;
  /** Of `client`; the endpoint is the server's. */
  readonly client?: TestClientOptions;
}

/** A server that runs in this process, until it is stopped. */
export interface TestServer extends AsyncDisposable {
  /** Connected to the server, and closed with it. */
  readonly client: Client;
  /** `127.0.0.1:port`, with TLS `https://127.0.0.1:port`; stays the same over `restart`. */
  readonly endpoint: string;
  /** The file of the certificate that clients have to trust; undefined without TLS. */
  readonly caFile: string | undefined;
  /** Where the data is. */
  readonly dataDir: string;
  /** Another client, closed with the server too; nobody is logged in unless `user` says so. */
  connect(options?: TestClientOptions): Client;
  /** Stops the server and starts it again on the same data and port: what clients see of a member that is updated. */
  restart(): Promise<void>;
  /** Closes the client, stops the server and removes its data unless the folder is yours. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts a single member; resolves once it serves, which takes some tens of milliseconds.
 * @throws what `startMember` throws; nothing is left then.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { data = "memory", rootPassword } = options;
  const folder: TestFolder =
    typeof data === "object"
      ? { path: data.dir, remove: () => Promise.resolve() }
      : await makeTestFolder(data);
  try {
    const memberOptions = memberOptionsOf(options, folder.path);
    const member = await startMember(memberOptions);
    const server = new RunningTestServer({ folder, memberOptions, member, options });
    try {
      if (rootPassword !== undefined) await enableAuth(server, rootPassword);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

function memberOptionsOf(options: TestServerOptions, dataDir: string): MemberOptions {
  const { quotaBytes, flags = {}, logger, tls = false } = options;
  return {
    dataDir,
    name: "test",
    // Servers of one test run are clusters of their own.
    initialClusterToken: `test-${Math.random().toString(36).slice(2)}`,
    listenClientUrls: [tls ? "https://127.0.0.1:0" : "http://127.0.0.1:0"],
    flags: tls ? { "auto-tls": "true", ...flags } : flags,
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(logger === undefined ? {} : { logger }),
  };
}

/** On data of an earlier server with users, it is on already. */
async function enableAuth(server: RunningTestServer, password: string): Promise<void> {
  const client = server.connect({ user: undefined });
  const { auth } = client;
  if (!(await auth.status()).enabled) {
    await unlessThere("role-already-exist", auth.addRole("root"));
    await unlessThere("user-already-exist", auth.addUser("root", password));
    await auth.grantRole("root", "root");
    await auth.enable();
  }
  client.close();
}

async function unlessThere(reason: ErrorName, adding: Promise<void>): Promise<void> {
  try {
    await adding;
  } catch (error) {
    if (!hasReason(error, reason)) throw error;
  }
}

interface Parts {
  readonly folder: TestFolder;
  readonly memberOptions: MemberOptions;
  readonly member: EmbeddedMember;
  readonly options: TestServerOptions;
}

class RunningTestServer implements TestServer {
  readonly client: Client;
  readonly endpoint: string;
  readonly caFile: string | undefined;
  readonly dataDir: string;
  readonly #folder: TestFolder;
  readonly #memberOptions: MemberOptions;
  readonly #clients: Client[] = [];
  #member: EmbeddedMember;
  #stopping: Promise<void> | undefined;
  /** Ends with the last restart: the next one, and the end, come after it. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ folder, memberOptions, member, options }: Parts) {
    this.#folder = folder;
    this.#member = member;
    this.#memberOptions = {
      ...memberOptions,
      listenClientUrls: member.clientUrls,
      listenPeerUrls: member.peerUrls,
    };
    this.endpoint = (member.clientUrls[0] ?? "").replace("http://", "");
    this.caFile = options.tls === true ? join(folder.path, "fixtures", "client", "cert.pem") : undefined;
    this.dataDir = folder.path;
    const { rootPassword } = options;
    const user = rootPassword === undefined ? {} : { user: { name: "root", password: rootPassword } };
    this.client = this.connect({ ...user, ...options.client });
  }

  connect({ user, ...options }: TestClientOptions = {}): Client {
    const tls = this.caFile === undefined ? {} : { tls: { ca: this.caFile } };
    const login = user === undefined ? {} : { user };
    const client = createClient({ ...tls, ...options, ...login, endpoints: this.endpoint });
    this.#clients.push(client);
    return client;
  }

  restart(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(new Error("the server was stopped"));
    const restarting = this.#turn.then(async () => {
      await this.#member.stop();
      this.#member = await startMember(this.#memberOptions);
    });
    this.#turn = restarting.catch(() => undefined);
    return restarting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#turn;
    try {
      await this.#member.stop();
    } finally {
      await this.#folder.remove();
    }
  }
}
