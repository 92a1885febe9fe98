/**
 * Time of one HPACK block, ours and hpack.js's, for the blocks a gRPC client sends.
 * Run after a build: node packages/rpc/bench/hpack.bench.mjs
 */
import { HpackDecoder } from "../dist/hpack/hpack-decoder.js";
import { HpackEncoder } from "../dist/hpack/hpack-encoder.js";
import { createRequire } from "node:module";

const hpackJs = createRequire(import.meta.url)("hpack.js");
const SECONDS = 1;

const request = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/etcdserverpb.KV/Put"],
  [":authority", "127.0.0.1:2379"],
  ["content-type", "application/grpc"],
  ["user-agent", "grpc-go/1.71.1"],
  ["te", "trailers"],
].map(([name, value]) => ({ name, value }));

/** Runs `once` for about SECONDS and prints nanoseconds per call. */
function measure(what, once) {
  for (let warmup = 0; warmup < 20_000; warmup++) once(warmup);
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < SECONDS * 1000) for (let round = 0; round < 1000; round++) once(count++);
  console.log(
    `${what.padEnd(62)} ${(((performance.now() - start) * 1e6) / count).toFixed(0).padStart(7)} ns`,
  );
}

let fields = 0;
const listener = () => {
  fields++;
};

{
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const first = encoder.encode(request);
  const repeated = encoder.encode(request);
  measure("decode, first block of a connection (new decoder)", () => {
    new HpackDecoder(4096).decode(first, 0, first.length, listener, 65_536);
  });
  decoder.decode(first, 0, first.length, listener, 65_536);
  measure("decode, repeated block (all indexed)", () =>
    decoder.decode(repeated, 0, repeated.length, listener, 65_536),
  );
}

{
  const encoder = new HpackEncoder();
  const blocks = [];
  const withTimeout = (at) => [...request, { name: "grpc-timeout", value: `${4_999_000 + (at % 997)}u` }];
  const first = encoder.encode(withTimeout(-1));
  for (let at = 0; at < 512; at++)
    blocks.push(encoder.encode([...request, { name: "grpc-timeout", value: `${4999000 + at}u` }]));
  // A history can only be decoded from its beginning, so every 512th call builds a decoder.
  let decoder = new HpackDecoder(4096);
  measure("decode, repeated block with a new grpc-timeout", (at) => {
    if (at % 512 === 0) {
      decoder = new HpackDecoder(4096);
      decoder.decode(first, 0, first.length, listener, 65_536);
    }
    const block = blocks[at % 512];
    decoder.decode(block, 0, block.length, listener, 65_536);
  });
  const our = new HpackEncoder();
  measure("encode, repeated block", () => our.encode(request));
}

{
  const compressor = hpackJs.compressor.create({ table: { maxSize: 4096 } });
  const decompressor = hpackJs.decompressor.create({ table: { maxSize: 4096 } });
  const block = () => {
    compressor.write(request);
    const parts = [];
    for (let part = compressor.read(); part !== null; part = compressor.read()) parts.push(part);
    return Buffer.concat(parts);
  };
  const run = (bytes) => {
    decompressor.write(bytes);
    decompressor.execute();
    while (decompressor.read() !== null) fields++;
  };
  run(block());
  const repeated = block();
  measure("decode, repeated block, hpack.js", () => run(repeated));
}

if (fields === 0) throw new Error("nothing was decoded");
