/** Which resets by the client are limited, and which are a client's right. */
import { afterEach, beforeEach, expect, test } from "vitest";
import * as h2 from "./testing/frames.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";

const RESETS_MAX = 3;

let server: TestServer;
let client: RawClient;
beforeEach(async () => {
  const limits = { resetBurstMax: RESETS_MAX, resetsPerSecond: 0 };
  server = await startTestServer({ ...PINGS_ALLOWED, limits });
  // Responses begin, and stay where they are.
  client = await RawClient.connect(server.port, { settings: [[h2.Setting.initialWindowSize, 1]] });
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

const framesOf = (type: number): number => client.received.filter((frame) => frame.type === type).length;
const ids = (count: number): number[] => Array.from({ length: count }, () => (client.nextStreamId += 2) - 2);

test("streams that were answered may be let go of together, however many they are", async () => {
  const open = ids(10 * RESETS_MAX);
  for (const id of open)
    client.send(client.headers(id, request(Method.produce)), h2.data(id, h2.message(h2.u32(2, 100))));
  await client.until("the heads of all answers", () =>
    framesOf(h2.FrameType.headers) >= open.length ? true : undefined,
  );
  client.send(...open.map((id) => h2.rstStream(id)));
  await client.barrier();
  expect([client.closed, framesOf(h2.FrameType.goaway)]).toEqual([false, 0]);
});

test("calls that were not answered may be given up so often, and then the connection ends", async () => {
  const open = ids(RESETS_MAX + 1);
  for (const id of open) client.send(client.headers(id, request(Method.hold)));
  client.send(...open.slice(1).map((id) => h2.rstStream(id)));
  await client.barrier();
  expect([client.closed, framesOf(h2.FrameType.goaway)]).toEqual([false, 0]);
  client.send(h2.rstStream(open[0] ?? 0));
  await expect.poll(() => client.closed).toBe(true);
  expect(framesOf(h2.FrameType.goaway)).toBe(1);
});
