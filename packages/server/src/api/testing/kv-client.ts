/** A client of the services over a fake member, in messages of the generated code. */
import { TEST_SERVICE_OPTIONS } from "./service-options.js";
import {
  create,
  etcdserverpb as pb,
  findErrorByMessage,
  fromBinary,
  toBinary,
  type DescMessage,
  type ErrorName,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { registerServices, type RegisteredServices } from "../register-services.js";
import { FakeMember } from "./fake-member.js";
import { FakeTransport } from "./fake-calls.js";

/** A call that ended with a status of the catalogue. */
export class CallError extends Error {
  readonly code: number;
  readonly errorName: ErrorName | undefined;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
    this.errorName = findErrorByMessage(message);
  }
}

export class KvClient {
  readonly member: FakeMember;
  readonly transport = new FakeTransport();
  readonly services: RegisteredServices;
  metadata: Readonly<Record<string, string>> = {};

  private constructor(member: FakeMember) {
    this.member = member;
    const limits = TEST_SERVICE_OPTIONS;
    this.services = registerServices(this.transport, member, limits);
  }

  /** A client of a store that was never written. */
  static async create(cacheBytesMax?: number): Promise<KvClient> {
    return new KvClient(await FakeMember.create(cacheBytesMax));
  }

  async unary<In extends DescMessage, Out extends DescMessage>(
    path: string,
    schemas: readonly [In, Out],
    request: MessageInitShape<In>,
  ): Promise<MessageShape<Out>> {
    const message = toBinary(schemas[0], create(schemas[0], request));
    const { messages, error } = await this.transport.call(path, message, this.metadata);
    if (error !== undefined) throw new CallError(error.code, error.message);
    return fromBinary(schemas[1], messages[0] ?? new Uint8Array(0));
  }

  range(request: MessageInitShape<typeof pb.RangeRequestSchema>): Promise<pb.RangeResponse> {
    return this.unary("etcdserverpb.KV/Range", [pb.RangeRequestSchema, pb.RangeResponseSchema], request);
  }

  async rangeStream(request: MessageInitShape<typeof pb.RangeRequestSchema>): Promise<pb.RangeResponse[]> {
    const message = toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, request));
    const { messages, error } = await this.transport.call(
      "etcdserverpb.KV/RangeStream",
      message,
      this.metadata,
    );
    if (error !== undefined) throw new CallError(error.code, error.message);
    return messages.map((each) => {
      const { rangeResponse } = fromBinary(pb.RangeStreamResponseSchema, each);
      if (rangeResponse === undefined) throw new Error("a chunk without a response");
      return rangeResponse;
    });
  }

  put(request: MessageInitShape<typeof pb.PutRequestSchema>): Promise<pb.PutResponse> {
    return this.unary("etcdserverpb.KV/Put", [pb.PutRequestSchema, pb.PutResponseSchema], request);
  }

  delete(request: MessageInitShape<typeof pb.DeleteRangeRequestSchema>): Promise<pb.DeleteRangeResponse> {
    const schemas = [pb.DeleteRangeRequestSchema, pb.DeleteRangeResponseSchema] as const;
    return this.unary("etcdserverpb.KV/DeleteRange", schemas, request);
  }

  txn(request: MessageInitShape<typeof pb.TxnRequestSchema>): Promise<pb.TxnResponse> {
    return this.unary("etcdserverpb.KV/Txn", [pb.TxnRequestSchema, pb.TxnResponseSchema], request);
  }

  compact(revision: number, physical = false): Promise<pb.CompactionResponse> {
    const schemas = [pb.CompactionRequestSchema, pb.CompactionResponseSchema] as const;
    return this.unary("etcdserverpb.KV/Compact", schemas, { revision: BigInt(revision), physical });
  }

  alarm(request: MessageInitShape<typeof pb.AlarmRequestSchema>): Promise<pb.AlarmResponse> {
    const schemas = [pb.AlarmRequestSchema, pb.AlarmResponseSchema] as const;
    return this.unary("etcdserverpb.Maintenance/Alarm", schemas, request);
  }
}

/** Name of the catalogue that a call fails with; "ok" when it does not. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof CallError) return error.errorName ?? error.message;
    throw error;
  }
}

export const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));
export const text = (value: Uint8Array): string => String.fromCharCode(...value);

/** Operations of a transaction in short. */
export const op = {
  put: (key: string, value = "", more: MessageInitShape<typeof pb.PutRequestSchema> = {}) => ({
    request: {
      case: "requestPut" as const,
      value: create(pb.PutRequestSchema, { key: bytes(key), value: bytes(value), ...more }),
    },
  }),
  delete: (key: string, rangeEnd = "") => ({
    request: {
      case: "requestDeleteRange" as const,
      value: create(pb.DeleteRangeRequestSchema, { key: bytes(key), rangeEnd: bytes(rangeEnd) }),
    },
  }),
  range: (key: string, more: MessageInitShape<typeof pb.RangeRequestSchema> = {}) => ({
    request: {
      case: "requestRange" as const,
      value: create(pb.RangeRequestSchema, { key: bytes(key), ...more }),
    },
  }),
  txn: (request: MessageInitShape<typeof pb.TxnRequestSchema>) => ({
    request: { case: "requestTxn" as const, value: create(pb.TxnRequestSchema, request) },
  }),
};
