import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Remote address as `host:port`, IPv6 in brackets; empty for a unix socket. */
export function peerAddress(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return "";
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** Subject common name of a client certificate that was verified; undefined without one. */
export function peerCommonName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // An empty object stands for "no certificate", and a name that occurs several times is an array: neither is an identity.
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === "string" && name !== "" ? name : undefined;
}
