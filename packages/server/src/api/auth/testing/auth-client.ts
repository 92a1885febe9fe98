/** The services over a fake member on which authentication is on, and callers that are told apart by tokens and certificates. */
import { encodeBase64 } from "@quorate/machine";
import {
  create,
  etcdserverpb as pb,
  fromBinary,
  toBinary,
  type authpb,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { LeaseFixture } from "../../../lease/testing/lease-fixture.js";
import type { CredentialsPort, TokenOwner } from "../../ports/credentials-port.js";
import { registerServices, type RegisteredServices, type ServiceOptions } from "../../register-services.js";
import { FakeTransport, type FakeCall } from "../../testing/fake-calls.js";
import { TEST_SERVICE_OPTIONS } from "../../testing/service-options.js";
import { bytes } from "../../testing/kv-client.js";

/** Tokens are the names of their owners; the hash of a password is the password. */
export class FakeCredentials implements CredentialsPort {
  trustsCertificates = false;
  /** Owners of tokens that are not simply a user's name. */
  readonly owners = new Map<string, TokenOwner | Promise<TokenOwner | undefined>>();
  /** What was asked to be compared. */
  readonly attempts: string[] = [];
  /** Passwords that were asked to be hashed. */
  hashCount = 0;
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  readonly #known = new Map<string, TokenOwner>();

  know(...users: string[]): void {
    for (const user of users) this.#known.set(user, { user, revision: undefined });
  }

  look(token: string): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    return this.owners.get(token) ?? this.#known.get(token);
  }

  createPrefix(): string {
    return "prefix";
  }

  hashPassword(password: Uint8Array): ReturnType<CredentialsPort["hashPassword"]> {
    this.hashCount += 1;
    return Promise.resolve(password);
  }

  async matches({
    password,
    hash,
  }: Parameters<CredentialsPort["matches"]>[0]): ReturnType<CredentialsPort["matches"]> {
    this.attempts.push(String.fromCharCode(...password));
    await this.beforeAnswer();
    return Buffer.compare(password, hash) === 0;
  }
}

export interface CallResult {
  /** "ok", or the text of the status. */
  readonly text: string;
  readonly code: number;
  readonly messages: readonly Uint8Array[];
}

export class AuthClient {
  readonly fixture: LeaseFixture;
  readonly transport = new FakeTransport();
  readonly credentials = new FakeCredentials();
  readonly services: RegisteredServices;
  readonly warnings: unknown[] = [];

  private constructor(fixture: LeaseFixture, more: Partial<ServiceOptions>) {
    this.fixture = fixture;
    const { member, keeper } = fixture;
    member.auth.attachTokens({
      enable: () => undefined,
      disable: () => undefined,
      invalidateUser: () => undefined,
      issue: ({ user, prefix, index }) => ({ kind: "token", token: `${user}/${prefix}.${index}` }),
      hashPassword: (password) => Promise.resolve(password),
    });
    this.services = registerServices(this.transport, member, {
      ...TEST_SERVICE_OPTIONS,
      leases: keeper,
      credentials: this.credentials,
      report: { info: () => undefined, warn: (...line) => void this.warnings.push(line) },
      onError: (error) => {
        throw error;
      },
      ...more,
    });
  }

  static async create(more: Partial<ServiceOptions> = {}): Promise<AuthClient> {
    return new AuthClient(await LeaseFixture.leader(), more);
  }

  /** Root and alice, who may what `permissions` say, and authentication on. */
  async enable(permissions: readonly MessageInitShape<typeof authpb.PermissionSchema>[] = []): Promise<void> {
    for (const name of ["root", "alice"]) {
      const hashedPassword = Buffer.from(encodeBase64(bytes(`pw-${name}`))).toString();
      await this.demand("UserAdd", pb.AuthUserAddRequestSchema, {
        name,
        password: `pw-${name}`,
        hashedPassword,
      });
    }
    await this.demand("UserGrantRole", pb.AuthUserGrantRoleRequestSchema, { user: "root", role: "root" });
    await this.demand("RoleAdd", pb.AuthRoleAddRequestSchema, { name: "r" });
    await this.demand("UserGrantRole", pb.AuthUserGrantRoleRequestSchema, { user: "alice", role: "r" });
    for (const perm of permissions)
      await this.demand("RoleGrantPermission", pb.AuthRoleGrantPermissionRequestSchema, { name: "r", perm });
    await this.demand("AuthEnable", pb.AuthEnableRequestSchema, {});
    this.credentials.know("root", "alice", "ghost");
  }

  /** A call of the Auth service by root. */
  async demand<In extends DescMessage>(
    method: string,
    schema: In,
    request: MessageInitShape<In>,
  ): Promise<CallResult> {
    const result = await this.call(`etcdserverpb.Auth/${method}`, schema, request, { token: "root" });
    if (result.text !== "ok") throw new Error(`${method}: ${result.text}`);
    return result;
  }

  start<In extends DescMessage>(
    path: string,
    schema: In,
    request: MessageInitShape<In>,
    metadata: Readonly<Record<string, string>> = {},
  ): FakeCall {
    return this.transport.start(path, toBinary(schema, create(schema, request)), metadata);
  }

  async call<In extends DescMessage>(
    path: string,
    schema: In,
    request: MessageInitShape<In>,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<CallResult> {
    const { messages, error } = await this.start(path, schema, request, metadata).answer;
    return { text: error?.message ?? "ok", code: error?.code ?? 0, messages };
  }

  /** The one message of a call. */
  read<Out extends DescMessage>(schema: Out, { messages, text }: CallResult): MessageShape<Out> {
    const [message] = messages;
    if (message === undefined) throw new Error(text);
    return fromBinary(schema, message);
  }
}
