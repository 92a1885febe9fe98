/** Fills a store quickly: transactions of 128 puts, several in flight. */
import { callUnary } from "./grpc-call.js";
import { paths, putAll, rangeRequest, readReply } from "./messages.js";
import type { ServerProcess } from "./server-process.js";
import { runUnaryLoad } from "./unary-load.js";
import { keyAt, value } from "./workloads.js";

/** etcd's default limit of operations in a transaction. */
const putsPerTxn = 128;
const inFlight = 8;

/** Puts `keyAt(0)` to `keyAt(count - 1)`. @returns the seconds it took. @throws Error unless all are there afterwards. */
export async function fill(server: ServerProcess, count: number): Promise<number> {
  const { seconds } = await runUnaryLoad({
    port: server.port,
    path: paths.txn,
    connections: 1,
    streams: inFlight,
    requests: Math.ceil(count / putsPerTxn),
    message: (index) => {
      const first = index * putsPerTxn;
      const keys = Array.from({ length: Math.min(putsPerTxn, count - first) }, (_, offset) =>
        keyAt(first + offset),
      );
      return putAll(keys, value);
    },
  });
  await requireCount(server, count);
  return seconds;
}

/** @throws Error unless exactly the filled keys are there. */
export async function requireCount(server: ServerProcess, count: number): Promise<void> {
  const request = rangeRequest("range/", { end: "range0", countOnly: true });
  const present = readReply(await callUnary(server.port, paths.range, request, 60_000)).count;
  if (present !== count) throw new Error(`${server.subject.name} holds ${present} keys instead of ${count}`);
}
