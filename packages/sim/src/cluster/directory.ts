/** Who runs where: how members of a simulated cluster find one another. */
import type { PeerEvents } from "@quorate/server/world";
import type { PeerLocalPort } from "@quorate/server/world";
import type { Life } from "../world/life.js";

/** A process that runs and has opened its ports. */
export interface Running {
  readonly life: Life;
  readonly memberId: bigint;
  readonly events: PeerEvents;
  /** Undefined until it answers other members' questions. */
  readonly local: PeerLocalPort | undefined;
  readonly serverVersion: string;
  /** Somebody has connected. */
  meet(memberId: bigint, peerUrl: string): void;
  /** Puts a database where the process looks for it. */
  receive(index: number, database: Uint8Array): string;
}

export interface Place {
  readonly name: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  /** Undefined while nothing runs there. */
  readonly running: Running | undefined;
}

export class Directory {
  readonly places: Map<string, Place> = new Map();

  findByUrl(url: string): Place | undefined {
    for (const place of this.places.values()) if (place.peerUrl === url) return place;
    return undefined;
  }

  findById(id: bigint): Place | undefined {
    for (const place of this.places.values()) if (place.running?.memberId === id) return place;
    return undefined;
  }
}
