/** Lease, Lock and Election services over the fake member, called in messages of the generated code. */
import {
  create,
  etcdserverpb as pb,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import type { Method } from "@quorate/rpc";
import { LeaseFixture } from "../../../lease/testing/lease-fixture.js";
import { ElectionService } from "../../election/election-service.js";
import { Guard, type GuardedMethod } from "../../guard.js";
import { ResponseHeaders } from "../../header.js";
import { KvService } from "../../kv-service.js";
import { LockService } from "../../lock/lock-service.js";
import { Proposals } from "../../proposals.js";
import { ReadGate } from "../../read-gate.js";
import { Replies } from "../../replies.js";
import { SpaceGuard } from "../../space-guard.js";
import { FakeTransport, type FakeCall } from "../../testing/fake-calls.js";
import { CallError, bytes } from "../../testing/kv-client.js";
import { LeaderWatch } from "../leader-watch.js";
import { Identities } from "../../auth/identities.js";
import { Permissions } from "../../auth/permissions.js";
import { NO_CREDENTIALS } from "../../ports/credentials-port.js";
import { LeaseService } from "../lease-service.js";
import { FakeWatches } from "./fake-watches.js";

const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;

export class ServiceBench {
  readonly fixture: LeaseFixture;
  readonly transport = new FakeTransport();
  readonly watches: FakeWatches;
  readonly leaders: LeaderWatch;
  readonly errors: unknown[] = [];
  /** All methods by service, guarded. */
  readonly services: Readonly<Record<string, Readonly<Record<string, Method>>>>;

  private constructor(fixture: LeaseFixture) {
    this.fixture = fixture;
    const { member, keeper: leases, time } = fixture;
    const onError = (error: unknown): void => {
      this.errors.push(error);
    };
    const headers = new ResponseHeaders(member);
    const replies = new Replies({ headers, gate: new ReadGate(member), onError });
    const space = new SpaceGuard(member);
    const identities = new Identities(member.auth, NO_CREDENTIALS);
    const permissions = new Permissions({ auth: member.auth, identities, leases });
    const proposals = new Proposals({
      member,
      replies,
      space,
      identities,
      requestBytesMax: REQUEST_BYTES_MAX,
    });
    const limits = { txnOpsMax: 128, requestBytesMax: REQUEST_BYTES_MAX };
    this.watches = new FakeWatches(member.store);
    this.leaders = new LeaderWatch({ member, scheduler: time, electionTimeoutMs: 1000 });
    const shared = { member, headers, proposals, space, permissions, onError };
    const kv = new KvService({ ...shared, replies, ...limits }).methods();
    const { leaders, watches } = this;
    const lease = new LeaseService({ ...shared, leases, leaders }).methods();
    const guard = new Guard(member, leaders);
    const protect = (methods: Readonly<Record<string, GuardedMethod>>): Record<string, Method> =>
      Object.fromEntries(Object.entries(methods).map(([name, each]) => [name, guard.protect(each)]));
    this.services = {
      "etcdserverpb.KV": protect(kv),
      "etcdserverpb.Lease": protect(lease),
      "v3lockpb.Lock": protect(new LockService({ kv, lease, watches, onError }).methods()),
      "v3electionpb.Election": protect(
        new ElectionService({ kv, lease, watches, headers, onError }).methods(),
      ),
    };
    for (const [name, methods] of Object.entries(this.services)) this.transport.addService(name, methods);
  }

  static async create(): Promise<ServiceBench> {
    return new ServiceBench(await LeaseFixture.leader());
  }

  start<In extends DescMessage>(
    path: string,
    schema: In,
    request: MessageInitShape<In>,
    metadata: Readonly<Record<string, string>> = {},
  ): FakeCall {
    return this.transport.start(path, toBinary(schema, create(schema, request)), metadata);
  }

  async unary<In extends DescMessage, Out extends DescMessage>(
    path: string,
    schemas: readonly [In, Out],
    request: MessageInitShape<In>,
  ): Promise<MessageShape<Out>> {
    return messageOf(this.start(path, schemas[0], request), schemas[1]);
  }

  grant(id: bigint, ttl = 60n): Promise<pb.LeaseGrantResponse> {
    const schemas = [pb.LeaseGrantRequestSchema, pb.LeaseGrantResponseSchema] as const;
    return this.unary("etcdserverpb.Lease/LeaseGrant", schemas, { ID: id, TTL: ttl });
  }

  revoke(id: bigint): Promise<pb.LeaseRevokeResponse> {
    const schemas = [pb.LeaseRevokeRequestSchema, pb.LeaseRevokeResponseSchema] as const;
    return this.unary("etcdserverpb.Lease/LeaseRevoke", schemas, { ID: id });
  }

  put(key: string, value = "", lease = 0n): Promise<pb.PutResponse> {
    const schemas = [pb.PutRequestSchema, pb.PutResponseSchema] as const;
    return this.unary("etcdserverpb.KV/Put", schemas, { key: bytes(key), value: bytes(value), lease });
  }

  get(key: string, rangeEnd = ""): Promise<pb.RangeResponse> {
    const schemas = [pb.RangeRequestSchema, pb.RangeResponseSchema] as const;
    return this.unary("etcdserverpb.KV/Range", schemas, { key: bytes(key), rangeEnd: bytes(rangeEnd) });
  }

  remove(key: string): Promise<pb.DeleteRangeResponse> {
    const schemas = [pb.DeleteRangeRequestSchema, pb.DeleteRangeResponseSchema] as const;
    return this.unary("etcdserverpb.KV/DeleteRange", schemas, { key: bytes(key) });
  }
}

/** The one message that a call is answered with. @throws CallError */
export async function messageOf<Out extends DescMessage>(
  call: FakeCall,
  schema: Out,
): Promise<MessageShape<Out>> {
  const { messages, error } = await call.answer;
  if (error !== undefined) throw new CallError(error.code, error.message);
  return fromBinary(schema, messages[0] ?? new Uint8Array(0));
}

/** Waits until `holds`, in turns of the event loop. */
export async function until(holds: () => boolean, turnsMax = 2000): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    if (turn > turnsMax) throw new Error("it never came true");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
