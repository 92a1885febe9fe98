/** Opens sockets to servers: TCP, unix or TLS, the latter only with servers that agree on h2. */
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ResolvedChannelOptions } from "./options.js";

export interface DialListener {
  onConnected(): void;
  onFailed(reason: string): void;
}

/** One of the two is told, later, once; nothing after the socket was destroyed. @returns the socket, which is on its way. */
export function dial({ address, tls }: ResolvedChannelOptions, listener: DialListener): Socket {
  const where = "path" in address ? { path: address.path } : { host: address.host, port: address.port };
  const fail = (error: Error): void => {
    leave();
    listener.onFailed(error.message === "" ? error.name : error.message);
  };
  const onClose = (): void => {
    leave();
    listener.onFailed("the server closed the connection");
  };
  const onConnected = (): void => {
    leave();
    listener.onConnected();
  };
  const leave = (): void => {
    socket.off("error", fail);
    socket.off("close", onClose);
    // A socket that has failed may do so again, which is then nobody's business.
    socket.on("error", () => undefined);
  };
  let socket: Socket;
  if (tls === undefined) {
    socket = connectTcp(where, onConnected);
  } else {
    const secured = connectTls({ ...tls, ...where, ALPNProtocols: ["h2"] }, () => {
      if (secured.alpnProtocol === "h2") onConnected();
      else secured.destroy(new Error("the server does not speak HTTP/2 (no h2 by ALPN)"));
    });
    socket = secured;
  }
  socket.on("error", fail);
  socket.on("close", onClose);
  return socket;
}
