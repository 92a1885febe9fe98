/**
 * Listening sockets for URLs. Each address is bound once: the same one may be given as http and as https, and then the first byte of a
 * connection decides.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { MemberUrl } from "../config/urls.js";
import { bindOptions, ListenError } from "../listen-check.js";

/** From accept to the first byte, where that decides. */
const FIRST_BYTE_TIMEOUT_MS = 10_000;
/** A TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16;

export interface SocketTakers {
  /** Connections of http URLs. */
  readonly onPlain: (socket: Socket) => void;
  /** Connections of https URLs, before the handshake; nothing was read from them, or it was put back. */
  readonly onTls: (socket: Socket) => void;
}

export interface Listeners {
  /** The bound ports, in the order of the addresses; 0 for unix sockets. */
  readonly ports: readonly number[];
  /** Stops accepting; connections go on. */
  close(): void;
}

export interface ListenTarget {
  readonly url: MemberUrl;
  readonly takers: SocketTakers;
}

/** @throws ListenError; nothing listens then. */
export async function listenAll(targets: readonly ListenTarget[]): Promise<Listeners> {
  const servers: Server[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
  };
  try {
    for (const group of byAddress(targets)) servers.push(await listen(group));
  } catch (error) {
    close();
    throw error;
  }
  return { ports: servers.map(portOf), close };
}

function byAddress(targets: readonly ListenTarget[]): ListenTarget[][] {
  const groups = new Map<string, ListenTarget[]>();
  for (const target of targets) {
    const { host, port, text } = target.url;
    // Each URL with a port of the system's choice is another address.
    const key =
      port === 0 && !text.startsWith("unix") ? `${text} ${String(groups.size)}` : `${host} ${String(port)}`;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()];
}

export function isSecure({ scheme }: MemberUrl): boolean {
  return scheme === "https" || scheme === "unixs";
}

function listen(group: readonly ListenTarget[]): Promise<Server> {
  const plain = group.find(({ url }) => !isSecure(url));
  const secure = group.find(({ url }) => isSecure(url));
  const first = group[0];
  if (first === undefined) throw new Error("an address without URLs");
  const takePlain = (socket: Socket): void => plain?.takers.onPlain(socket);
  const takeTls = (socket: Socket): void => secure?.takers.onTls(socket);
  const onSocket =
    plain === undefined
      ? takeTls
      : secure === undefined
        ? takePlain
        : (socket: Socket): void => sniff(socket, takePlain, takeTls);
  // Bytes that come before there is somebody to read them stay with the system.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: plain === undefined }, onSocket);
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new ListenError(`can't listen on ${first.url.text}: ${cause.message}`, { cause })),
    );
    server.listen(bindOptions(first.url), () => resolve(server));
  });
}

function sniff(socket: Socket, onPlain: (socket: Socket) => void, onTls: (socket: Socket) => void): void {
  const drop = (): void => void socket.destroy();
  const timer = setTimeout(drop, FIRST_BYTE_TIMEOUT_MS);
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    forget();
    socket.unshift(chunk);
    if (chunk[0] === TLS_HANDSHAKE) onTls(socket);
    else onPlain(socket);
  };
  const forget = (): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("end", drop);
    socket.off("error", drop);
    socket.off("close", forget);
  };
  socket.on("readable", onReadable);
  socket.on("end", drop);
  socket.on("error", drop);
  socket.on("close", forget);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
