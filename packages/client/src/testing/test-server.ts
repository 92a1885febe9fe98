/**
 * A real member in this process, for tests of code that uses the SDK: the same code that runs in production, on a port of its own,
 * with nothing to install and nothing left behind.
 */
import type { ErrorName } from "@quorate/proto";
import { startMember, type EmbeddedMember, type Logger, type MemberOptions } from "@quorate/server/embed";
import type { Client } from "../client.js";
import { hasReason } from "../errors/errors.js";
import { createClient, type CreateClientOptions } from "../node/create-client.js";
import { makeTestFolder, type TestFolder } from "./test-folder.js";

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
  /** Of `client`; the endpoint is the server's. */
  readonly client?: Omit<CreateClientOptions, "endpoints">;
}

export interface TestServer extends AsyncDisposable {
  /** Connected to the server, and closed with it. */
  readonly client: Client;
  /** `127.0.0.1:port`; stays the same over `restart`. */
  readonly endpoint: string;
  /** Where the data is. */
  readonly dataDir: string;
  /** Another client, closed with the server too. */
  connect(options?: Omit<CreateClientOptions, "endpoints">): Client;
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
  const { data = "memory" } = options;
  const folder: TestFolder =
    typeof data === "object"
      ? { path: data.dir, remove: () => Promise.resolve() }
      : await makeTestFolder(data);
  try {
    const memberOptions = memberOptionsOf(options, folder.path);
    const server = new RunningTestServer(folder, memberOptions, {
      member: await startMember(memberOptions),
      clientOptions: clientOptionsOf(options),
    });
    try {
      if (options.rootPassword !== undefined) await enableAuth(server, options.rootPassword);
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
  const { quotaBytes, flags, logger } = options;
  return {
    dataDir,
    name: "test",
    // Servers of one test run are clusters of their own.
    initialClusterToken: `test-${Math.random().toString(36).slice(2)}`,
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(flags === undefined ? {} : { flags }),
    ...(logger === undefined ? {} : { logger }),
  };
}

function clientOptionsOf({
  client = {},
  rootPassword,
}: TestServerOptions): Omit<CreateClientOptions, "endpoints"> {
  if (rootPassword === undefined || client.user !== undefined) return client;
  return { ...client, user: { name: "root", password: rootPassword } };
}

/** On data of an earlier server with users, it is on already. */
async function enableAuth(server: TestServer, password: string): Promise<void> {
  const client = server.connect({});
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

class RunningTestServer implements TestServer {
  readonly endpoint: string;
  readonly dataDir: string;
  readonly #folder: TestFolder;
  readonly #options: MemberOptions;
  readonly #clientOptions: Omit<CreateClientOptions, "endpoints">;
  readonly #clients: Client[] = [];
  readonly client: Client;
  #member: EmbeddedMember;
  #stopping: Promise<void> | undefined;

  constructor(
    folder: TestFolder,
    options: MemberOptions,
    parts: {
      readonly member: EmbeddedMember;
      readonly clientOptions: Omit<CreateClientOptions, "endpoints">;
    },
  ) {
    const { member } = parts;
    this.#folder = folder;
    this.#member = member;
    this.#clientOptions = parts.clientOptions;
    this.#options = { ...options, listenClientUrls: member.clientUrls, listenPeerUrls: member.peerUrls };
    this.endpoint = (member.clientUrls[0] ?? "").replace("http://", "");
    this.dataDir = folder.path;
    this.client = this.connect();
  }

  connect(options: Omit<CreateClientOptions, "endpoints"> = this.#clientOptions): Client {
    const client = createClient({ ...options, endpoints: this.endpoint });
    this.#clients.push(client);
    return client;
  }

  async restart(): Promise<void> {
    await this.#member.stop();
    this.#member = await startMember(this.#options);
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
    try {
      await this.#member.stop();
    } finally {
      await this.#folder.remove();
    }
  }
}
