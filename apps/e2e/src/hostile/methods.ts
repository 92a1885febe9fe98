/** Every method of the client port, with a request that is long enough to be cut short. */
import { create, etcdserverpb, toBinary, v3electionpb, v3lockpb } from "@quorate/proto";
import type { DescMessage, DescMethod } from "@quorate/proto";
import { pathOf } from "../harness/wire-client.js";

const SERVICES = [
  etcdserverpb.KV,
  etcdserverpb.Watch,
  etcdserverpb.Lease,
  etcdserverpb.Cluster,
  etcdserverpb.Maintenance,
  etcdserverpb.Auth,
  v3lockpb.Lock,
  v3electionpb.Election,
] as const;

export interface KnownMethod {
  readonly path: string;
  readonly streamsIn: boolean;
  readonly streamsOut: boolean;
}

/** Methods that etcd has had since before 3.5, so that any reference knows them. */
export const METHODS: readonly KnownMethod[] = SERVICES.flatMap((service) =>
  (service.methods as readonly DescMethod[]).map((method) => ({
    path: pathOf(method),
    streamsIn: method.methodKind === "bidi_streaming",
    streamsOut: method.methodKind !== "unary",
  })),
).filter(({ path }) => !/RangeStream|AuthStatus|Downgrade$/.test(path));

/** Bytes that are no message of any schema: a field that announces more bytes than follow. */
export function truncatedMessage(): Uint8Array {
  const request = create(etcdserverpb.PutRequestSchema, {
    key: Buffer.alloc(40, "k"),
    value: Buffer.alloc(40, "v"),
  });
  return toBinary(etcdserverpb.PutRequestSchema as DescMessage, request).subarray(0, 30);
}
