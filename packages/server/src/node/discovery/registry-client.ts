/** The registry's cluster over gRPC: three calls, at the first endpoint that answers. */
import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import {
  create,
  etcdserverpb,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { GrpcChannel, GrpcStatus } from "@quorate/rpc/client";
import type { DiscoverySettings } from "../config/discovery-flags.js";
import type { RegistryRow, RegistryStore } from "./registry.js";

interface Method<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly input: I;
  readonly output: O;
}

const RANGE = {
  path: "/etcdserverpb.KV/Range",
  input: etcdserverpb.RangeRequestSchema,
  output: etcdserverpb.RangeResponseSchema,
};
const PUT = {
  path: "/etcdserverpb.KV/Put",
  input: etcdserverpb.PutRequestSchema,
  output: etcdserverpb.PutResponseSchema,
};
const AUTHENTICATE = {
  path: "/etcdserverpb.Auth/Authenticate",
  input: etcdserverpb.AuthenticateRequestSchema,
  output: etcdserverpb.AuthenticateResponseSchema,
};

interface Endpoint {
  readonly channel: GrpcChannel;
  /** Of the last login there, as long as calls with it succeed. */
  token: string | undefined;
}

export class RegistryClient implements RegistryStore {
  readonly #endpoints: readonly Endpoint[];
  readonly #settings: DiscoverySettings;

  private constructor(settings: DiscoverySettings, channels: readonly GrpcChannel[]) {
    this.#settings = settings;
    this.#endpoints = channels.map((channel) => ({ channel, token: undefined }));
  }

  /** @throws what reading the certificates throws. Endpoints that are no addresses are refused by the flags. */
  static async open(settings: DiscoverySettings): Promise<RegistryClient> {
    const tls = await readTls(settings);
    const channels = settings.endpoints.map(({ host, port, isSecure }) => {
      const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      return new GrpcChannel({
        address: { host, port },
        authority,
        tls: isSecure || !settings.insecureTransport ? tls : undefined,
        connectTimeoutMs: settings.dialTimeoutMs,
        keepaliveTimeMs: settings.keepaliveTimeMs,
        keepaliveTimeoutMs: settings.keepaliveTimeoutMs,
      });
    });
    return new RegistryClient(settings, channels);
  }

  close(): void {
    for (const { channel } of this.#endpoints) channel.close();
  }

  async get(key: string): Promise<string | undefined> {
    const { kvs } = await this.#call(RANGE, { key: bytesOf(key) });
    const [kv] = kvs;
    return kv === undefined ? undefined : textOf(kv.value);
  }

  async list(prefix: string): Promise<readonly RegistryRow[]> {
    const key = bytesOf(prefix);
    const rangeEnd = Uint8Array.from(key);
    // No prefix of the registry ends with 0xff.
    rangeEnd[rangeEnd.length - 1] = (rangeEnd.at(-1) ?? 0) + 1;
    const { kvs } = await this.#call(RANGE, { key, rangeEnd });
    return kvs.map((kv) => ({
      key: textOf(kv.key).trim(),
      value: textOf(kv.value).trim(),
      createRevision: kv.createRevision,
    }));
  }

  async put(key: string, value: string): Promise<void> {
    await this.#call(PUT, { key: bytesOf(key), value: bytesOf(value) });
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    let failure: unknown;
    for (const endpoint of this.#endpoints) {
      try {
        return await this.#callAt(endpoint, method, request);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /**
   * A login costs the registry a password hash, and whoever waits for the others asks twice a second: a token is kept until the call it came with
   * fails, which may be the token's end.
   */
  async #callAt<I extends DescMessage, O extends DescMessage>(
    endpoint: Endpoint,
    method: Method<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const { user } = this.#settings;
    if (user === "") return this.#unary(endpoint.channel, method, request, undefined);
    const kept = endpoint.token;
    if (kept !== undefined) {
      try {
        return await this.#unary(endpoint.channel, method, request, kept);
      } catch {
        endpoint.token = undefined;
      }
    }
    const token = await this.#logIn(endpoint.channel);
    const answer = await this.#unary(endpoint.channel, method, request, token);
    endpoint.token = token;
    return answer;
  }

  async #logIn(channel: GrpcChannel): Promise<string> {
    const { user, password } = this.#settings;
    return (await this.#unary(channel, AUTHENTICATE, { name: user, password }, undefined)).token;
  }

  #unary<I extends DescMessage, O extends DescMessage>(
    channel: GrpcChannel,
    { path, input, output }: Method<I, O>,
    request: MessageInitShape<I>,
    token: string | undefined,
  ): Promise<MessageShape<O>> {
    const message = toBinary(input, create(input, request));
    const metadata = token === undefined ? undefined : { token };
    const timeoutMs = this.#settings.requestTimeoutMs;
    return new Promise((resolve, reject) => {
      channel.unary({ path, message, metadata, timeoutMs }, (end, answer) => {
        if (end.code !== GrpcStatus.ok || answer === undefined) reject(new Error(end.message));
        else resolve(fromBinary(output, answer));
      });
    });
  }
}

async function readTls(settings: DiscoverySettings): Promise<ConnectionOptions> {
  const { caFile, certFile, keyFile, skipVerify } = settings;
  return {
    ...(caFile === "" ? {} : { ca: await readFile(caFile) }),
    ...(certFile === "" ? {} : { cert: await readFile(certFile), key: await readFile(keyFile) }),
    rejectUnauthorized: !skipVerify,
  };
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf8"));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
