/** Fetches a member's page of metrics. */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { IncomingMessage, RequestOptions } from "node:http";
import type { ClusterTls } from "../clusters/cluster-options.js";

/** Time a member has for its page. */
const SCRAPE_TIMEOUT_MS = 4000;
/** A page longer than this is none; etcd's is some 300 kB. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;

/** Rejects with an Error that says why there is no page. */
export function scrapeMember(
  endpoint: string,
  tls: ClusterTls | undefined,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      path: "/metrics",
      headers: { accept: "text/plain;version=0.0.4", "accept-encoding": "identity" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(SCRAPE_TIMEOUT_MS)]),
    };
    const request = open(endpoint, tls, options);
    request.on("response", (response) => void readPage(response).then(resolve, reject));
    request.on("error", reject);
    request.end();
  });
}

function open(
  endpoint: string,
  tls: ClusterTls | undefined,
  options: RequestOptions,
): ReturnType<typeof requestHttp> {
  const socketPath = /^unixs?:(?:\/\/)?(.+)$/.exec(endpoint)?.[1];
  if (socketPath !== undefined) return requestHttp({ ...options, socketPath });
  const url = new URL(endpoint);
  const target = { ...options, hostname: url.hostname.replace(/^\[|\]$/g, ""), port: url.port };
  if (url.protocol !== "https:") return requestHttp(target);
  return requestHttps({
    ...target,
    ca: tls?.ca,
    cert: tls?.cert,
    key: tls?.key,
    ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
  });
}

async function readPage(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`/metrics answered with status ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > PAGE_BYTES_MAX) throw new Error(`/metrics is longer than ${PAGE_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
