import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext, type TLSSocket } from "node:tls";
import { createMessage, MessageType } from "@quorate/raft";
import { afterEach, expect, test } from "vitest";
import { Authority } from "../node/tls/testing/certificates.js";
import type { PeerTls } from "./http-request.js";
import { Pipeline } from "./pipeline.js";
import { UrlPicker } from "./url-picker.js";

const HOST = "127.0.0.1";
const IDENTITY = { memberId: 1n, clusterId: 3n, urls: [`https://${HOST}:1`], serverVersion: "3.7.0" };

const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

test("a post on a new connection shows the certificate that is current then, not the one of the first post", async () => {
  const authority = new Authority("authority");
  const server = authority.issue("server", [HOST]);
  const shown: string[] = [];
  const port = await listen({ ...server, ca: authority.cert }, (commonName) => shown.push(commonName));

  let tls: PeerTls = tlsOf(authority, "first");
  const pipeline = new Pipeline({
    identity: IDENTITY,
    picker: new UrlPicker([`https://${HOST}:${String(port)}`]),
    connector: {
      get tls() {
        return tls;
      },
    },
    events: {
      onDelivered: () => undefined,
      onFailed: (_message, reason) => shown.push(reason),
      onRemoved: () => shown.push("removed"),
    },
  });
  cleanups.push(() => pipeline.stop());
  const heartbeat = createMessage({ type: MessageType.MsgHeartbeat, from: 1n, to: 2n });
  pipeline.send(heartbeat);
  await expect.poll(() => shown, { timeout: 30_000 }).toEqual(["first"]);
  tls = tlsOf(authority, "second");
  pipeline.send(heartbeat);
  await expect.poll(() => shown, { timeout: 30_000 }).toEqual(["first", "second"]);
});

function tlsOf(authority: Authority, commonName: string): PeerTls {
  const { cert, key } = authority.issue(commonName, [HOST]);
  return { secureContext: createSecureContext({ ca: authority.cert, cert, key }) };
}

/** Takes posts, each on a connection of its own, and tells whose certificate it was shown. */
async function listen(
  options: { readonly ca: string; readonly cert: string; readonly key: string },
  onPost: (commonName: string) => void,
): Promise<number> {
  const server = createServer({ ...options, requestCert: true }, (request, response) => {
    onPost(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
    request.resume();
    response.writeHead(204, { Connection: "close" }).end();
  });
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return (server.address() as AddressInfo).port;
}
