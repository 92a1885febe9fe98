/** Where a member runs: an address of its own, or ports of its own on loopback. */
import { findFreePort } from "../harness/free-port.js";

export interface Place {
  readonly address: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** Comes before the member's command line. */
  readonly commandPrefix: readonly string[];
}

/** @returns places on loopback, where processes can be hurt but no packet is lost. */
export function findLoopbackPlaces(count: number): Promise<Place[]> {
  return Promise.all(
    Array.from({ length: count }, async () => ({
      address: "127.0.0.1",
      clientPort: await findFreePort(),
      peerPort: await findFreePort(),
      commandPrefix: [],
    })),
  );
}
