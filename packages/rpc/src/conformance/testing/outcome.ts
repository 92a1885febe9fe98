/** What a row expects, and how it is checked. */
import { expect } from "vitest";
import * as h2 from "./frames.js";
import type { RawClient } from "./raw-client.js";
import type { StreamRecord } from "./raw-client.js";
import { Method, request } from "./requests.js";

export type Outcome =
  /** GOAWAY with one of the codes, then the end of the connection. */
  | { readonly kind: "connection-error"; readonly codes: readonly h2.ErrorName[] }
  /** The connection ends, with or without GOAWAY. */
  | { readonly kind: "closed" }
  /** RST_STREAM with one of the codes; the connection goes on. */
  | { readonly kind: "stream-error"; readonly streamId: number; readonly codes: readonly h2.ErrorName[] }
  /** One of the two above: RFC 9113 section 5.4 lets an endpoint treat a stream error as a connection error. */
  | { readonly kind: "either-error"; readonly streamId: number; readonly codes: readonly h2.ErrorName[] }
  /** Nothing, or one of the two above: RFC 9113 leaves frames on closed streams to the endpoint. */
  | { readonly kind: "tolerated"; readonly streamId: number; readonly codes: readonly h2.ErrorName[] }
  /** A whole response with this gRPC status; the connection goes on. */
  | { readonly kind: "status"; readonly streamId: number; readonly status: number; readonly http: string }
  /** A whole OK response with these messages; the connection goes on. */
  | { readonly kind: "ok"; readonly streamId: number; readonly messages: readonly string[] }
  /** No GOAWAY, no RST_STREAM; the connection goes on. */
  | { readonly kind: "ignored" };

export function connectionError(...codes: readonly h2.ErrorName[]): Outcome {
  return { kind: "connection-error", codes };
}

export function closed(): Outcome {
  return { kind: "closed" };
}

export function streamError(streamId: number, ...codes: readonly h2.ErrorName[]): Outcome {
  return { kind: "stream-error", streamId, codes };
}

export function eitherError(streamId: number, ...codes: readonly h2.ErrorName[]): Outcome {
  return { kind: "either-error", streamId, codes };
}

export function tolerated(streamId: number, ...codes: readonly h2.ErrorName[]): Outcome {
  return { kind: "tolerated", streamId, codes };
}

/** @param http the HTTP status that goes with the gRPC one; 200 unless the request was no gRPC request. */
export function status(streamId: number, code: number, http: string = "200"): Outcome {
  return { kind: "status", streamId, status: code, http };
}

export function ok(streamId: number, ...messages: readonly string[]): Outcome {
  return { kind: "ok", streamId, messages };
}

export function ignored(): Outcome {
  return { kind: "ignored" };
}

/** Throws unless `outcome` is what the server does. */
export async function expectOutcome(client: RawClient, outcome: Outcome): Promise<void> {
  switch (outcome.kind) {
    case "connection-error":
      await client.untilClosed();
      expectGoaway(client, outcome.codes);
      return;
    case "closed":
      await client.untilClosed();
      return;
    case "stream-error":
      await expectReset(client, outcome.streamId, outcome.codes);
      await expectAlive(client);
      return;
    case "either-error":
      if (await resetBeforeClose(client, outcome.streamId)) {
        await expectReset(client, outcome.streamId, outcome.codes);
        await expectAlive(client);
      } else {
        expectGoaway(client, outcome.codes);
      }
      return;
    case "tolerated":
      await expectTolerated(client, outcome.streamId, outcome.codes);
      return;
    case "status": {
      const { fields } = await untilEnded(client, outcome.streamId);
      expect(
        { status: fields.get("grpc-status"), http: fields.get(":status") },
        fields.get("grpc-message"),
      ).toEqual({
        status: String(outcome.status),
        http: outcome.http,
      });
      await expectAlive(client);
      return;
    }
    case "ok": {
      const record = await untilEnded(client, outcome.streamId);
      expect(record.fields.get("grpc-status"), record.fields.get("grpc-message")).toBe("0");
      expect(record.messages().map((message) => message.toString("latin1"))).toEqual(outcome.messages);
      await expectAlive(client);
      return;
    }
    case "ignored":
      await client.barrier();
      expect(client.streams().filter(([, record]) => record.resetCode !== undefined)).toEqual([]);
      await expectAlive(client);
  }
}

/** The stream's response once it has ended; throws when it was reset or the connection closed. */
export async function untilEnded(client: RawClient, streamId: number): Promise<StreamRecord> {
  const record = client.stream(streamId);
  await client.until(
    `the response on stream ${streamId}`,
    () => record.ended || record.resetCode !== undefined,
  );
  expect(record.ended, `stream ${streamId} was reset; ${client.describe()}`).toBe(true);
  return record;
}

/** One more call on the connection is answered. */
export async function expectAlive(client: RawClient): Promise<void> {
  expect(client.goaway, client.describe()).toBeUndefined();
  // Ids end at 2^31 - 1; a row that used the last one can only be asked to reply to a PING.
  if (client.nextStreamId > 0x7fff_ffff) return await client.barrier();
  await callEcho(client, "still here");
  expect(client.goaway, client.describe()).toBeUndefined();
}

/** A unary call on the client's next stream, checked. */
export async function callEcho(client: RawClient, text: string): Promise<void> {
  const streamId = client.nextStreamId;
  client.nextStreamId += 2;
  client.send(client.headers(streamId, request(Method.echo)), h2.data(streamId, h2.message(text)));
  const record = await untilEnded(client, streamId);
  expect(record.fields.get("grpc-status")).toBe("0");
  expect(record.messages().map(String)).toEqual([text]);
  // As a client does that means to go on: the connection's window would end after some thousand calls.
  client.send(h2.windowUpdate(0, record.dataBytes));
}

function expectGoaway(client: RawClient, codes: readonly h2.ErrorName[]): void {
  expect(client.goaway, `closed without GOAWAY; ${client.describe()}`).toBeDefined();
  expect(codes, client.describe()).toContain(h2.errorName(client.goaway?.code ?? -1));
}

async function resetBeforeClose(client: RawClient, streamId: number): Promise<boolean> {
  const record = client.stream(streamId);
  while (record.resetCode === undefined && !client.closed) {
    await client.until(
      "a reset or GOAWAY",
      () => record.resetCode !== undefined || client.goaway !== undefined,
    );
    if (client.goaway !== undefined) await client.untilClosed();
  }
  return record.resetCode !== undefined && client.goaway === undefined;
}

async function expectTolerated(
  client: RawClient,
  streamId: number,
  codes: readonly h2.ErrorName[],
): Promise<void> {
  const text = "tolerate";
  client.send(h2.ping(text));
  while (!client.closed && client.goaway === undefined && !client.hasPingReply(text)) {
    await client.until(
      "a reply to PING or GOAWAY",
      () => client.goaway !== undefined || client.hasPingReply(text),
    );
  }
  if (client.goaway !== undefined || client.closed) {
    await client.untilClosed();
    return expectGoaway(client, codes);
  }
  const code = client.stream(streamId).resetCode;
  if (code !== undefined) expect(codes, client.describe()).toContain(h2.errorName(code));
  await expectAlive(client);
}

async function expectReset(
  client: RawClient,
  streamId: number,
  codes: readonly h2.ErrorName[],
): Promise<void> {
  const record = client.stream(streamId);
  const code = await client.until(`RST_STREAM on stream ${streamId}`, () => record.resetCode);
  expect(codes, client.describe()).toContain(h2.errorName(code));
}
