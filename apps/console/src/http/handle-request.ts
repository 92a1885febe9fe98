/**
 * The way of a request: is it addressed to us, is it from our own pages, who sent it, and which of the three it is for: calls, the download, or the
 * screens.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createContextValues } from "@connectrpc/connect";
import type { ConnectRouter } from "@connectrpc/connect";
import { compressionGzip, connectNodeAdapter } from "@connectrpc/connect-node";
import type { Clusters } from "../clusters/clusters.js";
import { callerKey } from "../rpc/caller.js";
import type { Caller } from "../rpc/caller.js";
import { createGate } from "../rpc/gate.js";
import { isAllowedHost } from "./host-guard.js";
import type { HostRules } from "./host-guard.js";
import { refuseForeignCall, refuseForeignDownload } from "./origin-guard.js";
import { securityHeaders } from "./security-headers.js";
import { downloadSnapshot } from "./snapshot-download.js";
import type { StaticFiles } from "./static-files.js";

/** Bytes of a call's message. etcd takes 1.5 MiB unless told otherwise. */
export const BODY_BYTES_MAX: number = 16 * 1024 * 1024;
/** The same for those who have yet to log in. */
export const STRANGER_BODY_BYTES_MAX: number = 16 * 1024;

const CALL_PATH = /^\/(quorate\.console\.v1|etcdserverpb)\.[A-Za-z]+\/[A-Za-z]+$/;
const SNAPSHOT_PATH = "/api/snapshot";

export interface RequestHandling {
  readonly clusters: Clusters;
  readonly files: StaticFiles;
  readonly hostRules: HostRules;
  readonly isTls: boolean;
  readonly isReadOnly: boolean;
  readonly registerServices: (router: ConnectRouter) => void;
  readonly identify: (request: IncomingMessage) => Caller;
}

export function createRequestHandler(handling: RequestHandling): RequestListener {
  const headers = Object.entries(securityHeaders(handling.isTls));
  const calls = createCallHandlers(handling);
  return (request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    const host = request.headers.host ?? authorityOf(request);
    if (host === undefined || !isAllowedHost(host, handling.hostRules)) {
      refuse(
        response,
        421,
        "the console is not addressed by this name; --allowed-hosts makes names known to it",
      );
      return;
    }
    const { path, query } = splitUrl(request.url ?? "/");
    if (CALL_PATH.test(path)) {
      const refusal = request.method === "POST" ? refuseForeignCall(request.headers, host) : undefined;
      response.setHeader("cache-control", "no-store");
      if (refusal !== undefined) refuse(response, 403, refusal);
      else if (handling.identify(request).mustLogIn) calls.strangers(request, response);
      else calls.guests(request, response);
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      refuse(response, 405, "method not allowed");
      return;
    }
    if (path === SNAPSHOT_PATH) {
      const refusal = refuseForeignDownload(request.headers, host);
      if (refusal !== undefined) refuse(response, 403, refusal);
      else if (handling.identify(request).mustLogIn) refuse(response, 401, "log in first");
      else if (request.method === "HEAD") refuse(response, 405, "method not allowed");
      else void downloadSnapshot(handling.clusters, query, response);
      return;
    }
    const answer = handling.files.answer(path, request.headers);
    response.writeHead(answer.status, { ...answer.headers });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  };
}

function createCallHandlers({ identify, isReadOnly, registerServices }: RequestHandling): {
  readonly strangers: RequestListener;
  readonly guests: RequestListener;
} {
  const withLimit = (readMaxBytes: number): RequestListener =>
    connectNodeAdapter({
      routes: registerServices,
      interceptors: [createGate({ isReadOnly })],
      contextValues: (request) => createContextValues().set(callerKey, identify(request as IncomingMessage)),
      // Brotli at its default costs more time than it saves.
      acceptCompression: [compressionGzip],
      readMaxBytes,
      grpc: false,
      grpcWeb: false,
    });
  return { strangers: withLimit(STRANGER_BODY_BYTES_MAX), guests: withLimit(BODY_BYTES_MAX) };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(`${text}\n`);
}

/** HTTP/2 has it in place of the Host header. */
function authorityOf({ headers }: IncomingMessage): string | undefined {
  const authority = headers[":authority"];
  return typeof authority === "string" ? authority : undefined;
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  return { path, query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)) };
}
