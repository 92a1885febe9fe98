/** What becomes of connections, in lines. */
import { connectivityState, type ChannelInterface } from "@grpc/grpc-js";
import type { ConnectionEvent } from "@quorate/rpc/client";
import type { Logger } from "../logger.js";

export function logConnections(logger: Logger, endpoint: string): (event: ConnectionEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "connected":
        logger.debug("connected", { endpoint });
        break;
      case "closed":
        logger.debug("a connection has ended", { endpoint, reason: event.reason });
        break;
      case "failed":
        logger.warn("no connection", { endpoint, reason: event.reason });
        break;
      case "lost":
        logger.warn("a connection was lost", { endpoint, reason: event.reason });
        break;
    }
  };
}

const { READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState;

/** The same of a channel of grpc-js, which tells of states and not of reasons. @param hasCalls whether anybody misses a connection. */
export function watchStates(
  channel: ChannelInterface,
  tell: (event: ConnectionEvent) => void,
  hasCalls: () => boolean,
): void {
  let known = channel.getConnectivityState(false);
  const look = (): void => {
    channel.watchConnectivityState(known, Infinity, (error) => {
      const before = known;
      known = channel.getConnectivityState(false);
      if (error !== undefined || known === SHUTDOWN) return;
      if (known === READY) tell({ kind: "connected" });
      else if (before === READY)
        tell({ kind: hasCalls() ? "lost" : "closed", reason: `the channel is ${connectivityState[known]}` });
      else if (known === TRANSIENT_FAILURE) tell({ kind: "failed", reason: "no address of it answers" });
      look();
    });
  };
  look();
}
