/** `GET /api/snapshot?cluster=ID&member=HEX`: the store of a member as a file, at the pace at which the browser takes it. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Code } from "@connectrpc/connect";
import { etcdserverpb } from "@quorate/proto";
import type { Clusters } from "../clusters/clusters.js";
import { findCluster, findMemberEndpoint } from "../rpc/call-target.js";
import { toConnectError } from "../rpc/cluster-error.js";

const HTTP_STATUS: Readonly<Partial<Record<Code, number>>> = {
  [Code.InvalidArgument]: 400,
  [Code.NotFound]: 404,
  [Code.PermissionDenied]: 403,
  [Code.Unauthenticated]: 403,
  [Code.Unimplemented]: 501,
  [Code.Unavailable]: 503,
};

/** Resolves when the response has ended, one way or the other. A failure half-way breaks the connection, so that no browser takes the part for the whole. */
export async function downloadSnapshot(
  clusters: Clusters,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const cluster = findCluster(clusters, query.get("cluster"));
    const endpoint = await findMemberEndpoint(cluster, query.get("member"), gone.signal);
    const pieces = cluster.calls.serverStream(
      etcdserverpb.Maintenance.method.snapshot,
      {},
      { signal: gone.signal, ...(endpoint === undefined ? {} : { endpoint }) },
    );
    for await (const { blob } of pieces) {
      // Only now it is known that there is something to download.
      if (!response.headersSent) response.writeHead(200, fileHeaders(cluster.options.id));
      if (!response.write(blob)) await once(response, "drain", { signal: gone.signal });
    }
    response.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { code, rawMessage } = toConnectError(error);
    response.writeHead(HTTP_STATUS[code] ?? 502, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${rawMessage}\n`);
  }
}

function fileHeaders(cluster: string): Record<string, string> {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  return {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${cluster}-${time}.db"`,
    "cache-control": "no-store",
  };
}
