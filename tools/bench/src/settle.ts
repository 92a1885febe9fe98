/**
 * Lets a server come to rest between a burst of writes and a measurement of reads.
 *
 * etcd 3.4 copies a buffer of recent writes for every read, and keeps that buffer at the size of the last burst until a batch has
 * been committed that wrote no key; 3.5 and later share the copy. Two leases, apart by more than its commit interval of 100 ms,
 * are such batches. Without them its single reads cost several times as much, which would be the burst's doing and not theirs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { callUnary, GrpcError } from "./grpc-call.js";
import { leaseGrant, paths } from "./messages.js";

const batches = 2;
const restMs = 250;
const leaseSeconds = 3600;

export async function settle(port: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    await sleep(restMs);
    try {
      await callUnary(port, paths.leaseGrant, leaseGrant(leaseSeconds));
    } catch (error) {
      // A server that refuses leases has no use for them here.
      if (!(error instanceof GrpcError)) throw error;
    }
  }
  await sleep(restMs);
}
