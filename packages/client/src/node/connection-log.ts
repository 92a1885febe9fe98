/** What becomes of connections, in lines. */
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
