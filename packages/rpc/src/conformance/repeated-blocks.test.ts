/**
 * The same header block again and again: what a server remembers of a block must not change what the block means, whatever
 * came of it the first time and wherever it stands.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { statelessField } from "../hpack/hpack-literal.js";
import * as h2 from "./testing/frames.js";
import { expectAlive, untilEnded } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request, requestWith } from "./testing/requests.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";
import type { HeaderField } from "../hpack/hpack-encoder.js";

const { Flag } = h2;

/** A block that neither reads nor changes the dynamic table: its bytes are the same each time. */
const blockOf = (fields: readonly HeaderField[]): Buffer =>
  Buffer.concat(fields.map(({ name, value }) => statelessField(name, value)));

/** Requests and what comes of them: gRPC status, or the code of RST_STREAM. */
const KINDS: readonly (readonly [what: string, fields: readonly HeaderField[], outcome: string])[] = [
  ["a good request", request(), "0"],
  ["a request with a deadline", request(Method.echo, { "grpc-timeout": "10S" }), "0"],
  ["a request whose deadline has passed", request(Method.echo, { "grpc-timeout": "0n" }), "4"],
  ["a request with the right content-length", request(Method.echo, { "content-length": "10" }), "0"],
  [
    "a request with a wrong content-length",
    request(Method.echo, { "content-length": "11" }),
    "PROTOCOL_ERROR",
  ],
  ["an unknown method", request(Method.echo, { ":path": "/a/b" }), "12"],
  ["a wrong content-type", request(Method.echo, { "content-type": "text/html" }), "3"],
  ["a wrong method", request(Method.echo, { ":method": "PUT" }), "13"],
  ["a bad timeout", request(Method.echo, { "grpc-timeout": "5" }), "13"],
  ["bad binary metadata", requestWith(["x-bin", "!"]), "13"],
  ["an unknown encoding", requestWith(["grpc-encoding", "br"]), "12"],
  ["an upper-case name", requestWith(["Bad", "1"]), "PROTOCOL_ERROR"],
  ["no :path", request(Method.echo, { ":path": null }), "PROTOCOL_ERROR"],
];

describe("a repeated header block", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(PINGS_ALLOWED);
  });
  afterAll(async () => {
    await server.close();
  });

  async function withClient(act: (client: RawClient) => Promise<void>): Promise<void> {
    const client = await RawClient.connect(server.port);
    try {
      await act(client);
      await expectAlive(client);
    } finally {
      client.destroy();
    }
  }

  async function outcomeOf(client: RawClient, streamId: number): Promise<string> {
    const record = client.stream(streamId);
    await client.until("an answer", () => record.ended || record.resetCode !== undefined);
    return record.fields.get("grpc-status") ?? h2.errorName(record.resetCode ?? -1);
  }

  test.each(KINDS)("%s means the same each time", (_, fields, outcome) =>
    withClient(async (client) => {
      const block = blockOf(fields);
      for (const id of [1, 3, 5, 7]) {
        client.send(h2.headers(id, block, Flag.endHeaders), h2.data(id, h2.message()));
        expect(await outcomeOf(client, id)).toBe(outcome);
      }
    }),
  );

  test.each(KINDS)(
    "%s means the same in one frame, in three, padded and with priority",
    (_, fields, outcome) =>
      withClient(async (client) => {
        const block = blockOf(fields);
        const [first, second, third] = [block.subarray(0, 4), block.subarray(4, 9), block.subarray(9)];
        const priority = Flag.endHeaders | Flag.priority;
        const forms = (id: number): Buffer[] => [
          h2.headers(id, block, Flag.endHeaders),
          Buffer.concat([
            h2.headers(id, first, Flag.none),
            h2.continuation(id, second, Flag.none),
            h2.continuation(id, third),
          ]),
          h2.headers(id, h2.padded(block, 17), Flag.endHeaders | Flag.padded),
          h2.headers(id, Buffer.concat([h2.priorityFields(0), block]), priority),
          h2.headers(id, h2.padded(Buffer.concat([h2.priorityFields(0), block]), 3), priority | Flag.padded),
        ];
        for (let round = 0; round < 10; round++) {
          const id = 2 * round + 1;
          client.send(forms(id)[round % 5] ?? Buffer.alloc(0), h2.data(id, h2.message()));
          expect(await outcomeOf(client, id)).toBe(outcome);
        }
      }),
  );

  test("a request's block is malformed as trailers, before and after it was a request", () =>
    withClient(async (client) => {
      const block = blockOf(request());
      for (let round = 0; round < 3; round++) {
        const [bad, good] = [4 * round + 1, 4 * round + 3];
        client.send(h2.headers(bad, block, Flag.endHeaders), h2.data(bad, h2.message(), Flag.none));
        client.send(h2.headers(bad, block, Flag.endHeaders | Flag.endStream));
        expect(await outcomeOf(client, bad)).toBe("PROTOCOL_ERROR");
        client.send(h2.headers(good, block, Flag.endHeaders), h2.data(good, h2.message()));
        expect(await outcomeOf(client, good)).toBe("0");
      }
    }));

  test("a block of trailers is malformed as a request, before and after it was trailers", () =>
    withClient(async (client) => {
      const trailers = blockOf([{ name: "x-checksum", value: "1" }]);
      for (let round = 0; round < 3; round++) {
        const [good, bad] = [4 * round + 1, 4 * round + 3];
        client.send(client.headers(good, request()), h2.data(good, h2.message(), Flag.none));
        client.send(h2.headers(good, trailers, Flag.endHeaders | Flag.endStream));
        expect(await outcomeOf(client, good)).toBe("0");
        client.send(h2.headers(bad, trailers, Flag.endHeaders | Flag.endStream));
        expect(await outcomeOf(client, bad)).toBe("PROTOCOL_ERROR");
      }
    }));

  test("blocks that differ in one byte are told apart", () =>
    withClient(async (client) => {
      const methods = [Method.echo, Method.chat] as const;
      for (let round = 0; round < 20; round++) {
        const id = 2 * round + 1;
        const stranger = round % 3 === 2;
        const method = methods[round % 2] ?? Method.echo;
        const path = `/conformance.Test/${stranger ? "Ecko" : method}`;
        client.send(h2.headers(id, blockOf(request(method, { ":path": path })), Flag.endHeaders));
        client.send(h2.data(id, h2.message(`${round}`)));
        const record = await untilEnded(client, id);
        expect(record.fields.get("grpc-status")).toBe(stranger ? "12" : "0");
        if (!stranger) expect(record.messages().map(String)).toEqual([`${round}`]);
      }
    }));
});
