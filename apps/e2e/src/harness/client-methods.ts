/** Every method of the client port, and one message for any of them that no schema takes. */
import { GrpcStatus, create, etcdserverpb, toBinary, v3electionpb, v3lockpb } from "@quorate/proto";
import type { DescMethod } from "@quorate/proto";
import { pathOf } from "./wire-client.js";
import type { WireClient } from "./wire-client.js";

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

export interface ClientMethod {
  /** `Service.Method`, as people say it. */
  readonly name: string;
  readonly path: string;
  readonly streamsIn: boolean;
  readonly streamsOut: boolean;
}

export const CLIENT_METHODS: readonly ClientMethod[] = SERVICES.flatMap((service) =>
  (service.methods as readonly DescMethod[]).map((method) => ({
    name: `${service.name}.${method.name}`,
    path: pathOf(method),
    streamsIn: method.methodKind === "bidi_streaming",
    streamsOut: method.methodKind !== "unary",
  })),
);

/** Bytes that are no message of any schema: a field that announces more bytes than follow. */
export function truncatedMessage(): Uint8Array {
  const request = create(etcdserverpb.PutRequestSchema, {
    key: Buffer.alloc(40, "k"),
    value: Buffer.alloc(40, "v"),
  });
  return toBinary(etcdserverpb.PutRequestSchema, request).subarray(0, 30);
}

export type Ending = { readonly ok: boolean; readonly code: number };

/** Sends one message to a method of any kind and waits for the call's end. */
export async function sendOnce(client: WireClient, method: ClientMethod, bytes: Uint8Array): Promise<Ending> {
  if (!method.streamsOut) {
    const outcome = await client.callBytes(method.path, bytes);
    return outcome.ok ? { ok: true, code: GrpcStatus.Ok } : { ok: false, code: outcome.code };
  }
  return new Promise((resolve) => {
    const bidi = method.streamsIn ? client.openBidiStream(method.path) : undefined;
    const stream = bidi ?? client.openServerStream(method.path, bytes);
    stream.on("data", () => undefined);
    stream.on("error", () => undefined);
    stream.on("status", ({ code }) => resolve({ ok: code === GrpcStatus.Ok, code }));
    bidi?.write(Buffer.from(bytes));
    bidi?.end();
  });
}
