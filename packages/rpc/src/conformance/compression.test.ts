import { literalWithoutIndexing, statelessField } from "../hpack/hpack-literal.js";
import { HpackEncoder } from "../hpack/hpack-encoder.js";
import { hex } from "../hpack/testing/decode-all.js";
import * as h2 from "./testing/frames.js";
import { connectionError, ok, untilEnded } from "./testing/outcome.js";
import type { RawClient } from "./testing/raw-client.js";
import { request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";

const { Flag } = h2;

/** Blocks that RFC 7541 calls decoding errors; each stands behind a good request's fields. */
const BAD: readonly (readonly [title: string, block: string])[] = [
  ["RFC7541-6.1 index 0", "80"],
  ["RFC7541-2.3.3 an index beyond the tables", "ffff7f"],
  ["RFC7541-6.2.1 a name index beyond the tables", "7f800100"],
  ["RFC7541-5.1 an integer that overflows", "ffffffffffffffffffff7f"],
  ["RFC7541-5.2 a string beyond the block", "4005616263"],
  ["RFC7541-5.2 EOS in a Huffman string", "0084ffffffff0161"],
  ["RFC7541-5.2 padding with zeros", "0081180161"],
  ["RFC7541-5.2 padding of eight bits", "00821fff0161"],
  ["RFC7541-6.3 a table size above the limit", "3fe2ff7f"],
  ["RFC7541-4.2 a size update after fields", "20"],
  ["RFC7541-5.1 a block that ends in an integer", "ff"],
  ["RFC7541-6.2 a literal that ends after its name", "000161"],
];

const stateless = (): Buffer =>
  Buffer.concat(request().map(({ name, value }) => statelessField(name, value)));

/** Two calls, one after the other: the second response may refer to what the first put into the table. */
async function callTwice(client: RawClient, firstId: number): Promise<void> {
  for (const id of [firstId, firstId + 2]) {
    client.send(client.headers(id, request()), h2.data(id, h2.message()));
    await untilEnded(client, id);
  }
}

describeRows("RFC 9113 section 4.3: field compression errors", [
  ...BAD.map(([title, block]) =>
    row(
      `${title}, in a request`,
      (client) => void client.send(h2.headers(1, Buffer.concat([stateless(), hex(block)]), Flag.endHeaders)),
      connectionError("COMPRESSION_ERROR"),
    ),
  ),
  ...BAD.slice(0, 4).map(([title, block]) =>
    row(
      `${title}, in trailers`,
      (client) => {
        client.send(client.headers(1, request()), h2.data(1, h2.message(), Flag.none));
        client.send(h2.headers(1, hex(block), Flag.endHeaders | Flag.endStream));
      },
      connectionError("COMPRESSION_ERROR"),
    ),
  ),
  row(
    "4.3 a bad block for a stream that was reset by the client",
    (client) => {
      client.send(client.headers(1, request()), h2.rstStream(1), h2.headers(3, hex("80"), Flag.endHeaders));
    },
    connectionError("COMPRESSION_ERROR"),
  ),
  row(
    "4.3 a bad block in CONTINUATION",
    (client) => {
      client.send(h2.headers(1, stateless(), Flag.none), h2.continuation(1, hex("80")));
    },
    connectionError("COMPRESSION_ERROR"),
  ),
  row(
    "4.3 three size updates",
    (client) => {
      client.send(h2.headers(1, Buffer.concat([hex("20 3f01 20"), stateless()]), Flag.endHeaders));
    },
    connectionError("COMPRESSION_ERROR"),
  ),
]);

describeRows("RFC 9113 section 4.3: the dynamic table", [
  row(
    "4.3.1 size updates at the beginning of a block",
    (client) => {
      client.send(h2.headers(1, Buffer.concat([hex("20 3fe11f"), stateless()]), Flag.endHeaders));
      client.send(h2.data(1, h2.message()));
    },
    ok(1, "hello"),
  ),
  row(
    "4.3 many requests that refer to earlier ones, while each changes the table",
    async (client) => {
      for (let id = 1; id < 200; id += 2) {
        const fields = [...request(), { name: "x-new", value: `${"v".repeat(200)}${id}` }];
        client.send(client.headers(id, fields), h2.data(id, h2.message(`message ${id}`)));
      }
      for (let id = 1; id < 200; id += 2) await untilEnded(client, id);
    },
    ok(199, "message 199"),
  ),
  row(
    "4.3 a table that shrinks and grows",
    async (client) => {
      for (const [at, bytes] of [4096, 100, 0, 4096, 60, 2000, 4096].entries()) {
        client.encoder.setMaxTableBytes(bytes);
        const id = 2 * at + 1;
        client.send(client.headers(id, request()), h2.data(id, h2.message("again")));
        await untilEnded(client, id);
      }
    },
    ok(13, "again"),
  ),
  row(
    "4.3 the same block before and after the table changed means different fields",
    async (client) => {
      const encoder = new HpackEncoder();
      const path = (value: string): Uint8Array => encoder.encode([{ name: ":path", value }]);
      const rest = Buffer.concat(
        request("Echo", { ":path": null }).map(({ name, value }) => statelessField(name, value)),
      );
      // Index 62 is Echo's path at first and that of a stranger afterwards.
      const block = Buffer.concat([hex("be"), rest]);
      const insert = Buffer.concat([path("/conformance.Test/Echo"), rest]);
      client.send(h2.headers(1, insert, Flag.endHeaders), h2.data(1, h2.message()));
      for (const id of [3, 5])
        client.send(h2.headers(id, block, Flag.endHeaders), h2.data(id, h2.message("same")));
      client.send(h2.headers(7, Buffer.concat([path("/conformance.Test/Chat"), rest]), Flag.endHeaders));
      client.send(h2.data(7, Buffer.concat([h2.message("a"), h2.message("b")])));
      client.send(h2.headers(9, block, Flag.endHeaders));
      client.send(h2.data(9, Buffer.concat([h2.message("c"), h2.message("d")])));
      await untilEnded(client, 9);
      // The client's own encoder knows nothing of these entries; begin anew.
      client.encoder.setMaxTableBytes(0);
    },
    ok(9, "c", "d"),
  ),
  row(
    "4.3 a list beyond the limit is refused and leaves the table in step",
    async (client) => {
      const before = client.headers(1, [...request(), { name: "x-kept", value: "1" }]);
      client.send(before, h2.data(1, h2.message()));
      await untilEnded(client, 1);
      // 59-byte entries by one-byte references: 41 kB of list in 700 bytes.
      const inserted = client.encoder.encode([...request(), { name: "x-list", value: "y".repeat(1000) }]);
      const reference = client.encoder.encode([{ name: "x-list", value: "y".repeat(1000) }]);
      const block = Buffer.concat([inserted, ...new Array<Uint8Array>(100).fill(reference)]);
      client.send(h2.headers(3, block, Flag.endHeaders), h2.data(3, h2.message()));
      await client.until(
        "a refusal",
        () => client.stream(3).ended || client.stream(3).resetCode !== undefined,
      );
      client.send(
        client.headers(5, [...request(), { name: "x-kept", value: "1" }]),
        h2.data(5, h2.message("kept")),
      );
    },
    ok(5, "kept"),
  ),
  ...[0, 1, 60, 103, 104, 105, 4096, 65_536].map((bytes) =>
    row(
      `6.5.2 a client whose own table has ${bytes} bytes from the first SETTINGS on`,
      (client) => callTwice(client, 1),
      ok(3, "hello"),
      { settings: [[h2.Setting.headerTableSize, bytes]] },
    ),
  ),
  ...[0, 1, 60, 103, 104, 105, 65_536].map((bytes) =>
    row(
      `6.5.2 a client that changes its own table to ${bytes} bytes, and back`,
      async (client) => {
        await callTwice(client, 1);
        client.sendSettings([h2.Setting.headerTableSize, bytes]);
        await callTwice(client, 5);
        client.sendSettings([h2.Setting.headerTableSize, 4096]);
        await callTwice(client, 9);
        client.sendSettings([h2.Setting.headerTableSize, bytes]);
        client.sendSettings([h2.Setting.headerTableSize, 4096]);
        await callTwice(client, 13);
        client.sendSettings([h2.Setting.headerTableSize, 0], [h2.Setting.headerTableSize, 4096]);
        await callTwice(client, 17);
      },
      ok(19, "hello"),
    ),
  ),
  row(
    "RFC7541-6.2.3 never-indexed and Huffman-less literals",
    (client) => {
      const plain = request().map(({ name, value }) => ({ name, value, indexing: "never" as const }));
      const block = Buffer.concat([
        new HpackEncoder({ huffman: false }).encode(plain),
        literalWithoutIndexing("x", "\x80"),
      ]);
      client.send(h2.headers(1, block, Flag.endHeaders), h2.data(1, h2.message()));
    },
    ok(1, "hello"),
  ),
]);
