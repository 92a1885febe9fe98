/** A collector of traces as others have it: a gRPC server that reads OTLP, with Node's HTTP/2 and a reader of its own. */
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly statusCode: number;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly paths = new Set<string>();
  /** What exports are answered with. */
  status = "0";
  readonly #server: Http2Server;

  private constructor() {
    this.#server = createServer();
    this.#server.on("stream", (stream, headers) => {
      this.paths.add(String(headers[":path"]));
      void this.#receive(stream);
    });
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, "127.0.0.1", resolve));
    return collector;
  }

  get address(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(stream: ServerHttp2Stream): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (this.status === "0") this.spans.push(...decodeExport(Buffer.concat(chunks).subarray(5)));
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": this.status }));
    stream.end(Buffer.alloc(5));
  }
}

type Fields = ReadonlyMap<number, readonly unknown[]>;

/** All fields of a message by number. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, unknown[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const values = fields.get(field) ?? [];
    fields.set(field, values);
    if (type === WireType.Varint) values.push(Number(reader.int64()));
    else if (type === WireType.Bit64) values.push(reader.fixed64());
    else if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else throw new Error(`wire type ${String(type)}`);
  }
  return fields;
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
}

function textOf(fields: Fields | undefined, number: number): string {
  const bytes = fields?.get(number)?.[0];
  return bytes === undefined ? "" : Buffer.from(bytes as Uint8Array).toString();
}

function hexOf(fields: Fields, number: number): string {
  const bytes = fields.get(number)?.[0];
  return bytes === undefined ? "" : Buffer.from(bytes as Uint8Array).toString("hex");
}

function attributesOf(fields: Fields | undefined, number: number): Record<string, unknown> {
  const pairs = fields === undefined ? [] : messages(fields, number);
  return Object.fromEntries(pairs.map((pair) => [textOf(pair, 1), valueOf(messages(pair, 2)[0])]));
}

function valueOf(value: Fields | undefined): unknown {
  if (value === undefined) return undefined;
  if (value.has(1)) return textOf(value, 1);
  if (value.has(2)) return value.get(2)?.[0] === 1;
  return value.get(3)?.[0];
}

function decodeExport(bytes: Uint8Array): CollectedSpan[] {
  return messages(fieldsOf(bytes), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0], 1);
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const scope = textOf(messages(scopeSpans, 1)[0], 1);
      return messages(scopeSpans, 2).map((span): CollectedSpan => ({
        traceId: hexOf(span, 1),
        spanId: hexOf(span, 2),
        parentSpanId: hexOf(span, 4),
        name: textOf(span, 5),
        kind: span.get(6)?.[0] as number,
        startNanos: span.get(7)?.[0] as bigint,
        endNanos: span.get(8)?.[0] as bigint,
        attributes: attributesOf(span, 9),
        events: messages(span, 11).map((event) => ({
          name: textOf(event, 2),
          attributes: attributesOf(event, 3),
        })),
        statusCode: (messages(span, 15)[0]?.get(3)?.[0] as number | undefined) ?? 0,
        resource,
        scope,
      }));
    });
  });
}
