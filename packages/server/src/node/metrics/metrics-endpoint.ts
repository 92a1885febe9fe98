/** `/metrics`: everything a member tells of itself, gathered when somebody asks. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Exposition, EXPOSITION_TYPE } from "./exposition.js";
import { GrpcFamilies } from "./grpc-families.js";
import { writeNetworkFamilies } from "./network-families.js";
import { ProcessFamilies } from "./process-families.js";
import { writeServerFamilies } from "./server-families.js";
import type { MetricsSources } from "./sources.js";
import { writeStorageFamilies } from "./storage-families.js";

const compress = promisify(gzip);

export class MetricsEndpoint {
  readonly #sources: MetricsSources;
  readonly #grpc = new GrpcFamilies();
  readonly #process = new ProcessFamilies();
  #inFlight = 0;
  #served = 0;
  #failed = 0;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
  }

  /** The text of one scrape. */
  async text(): Promise<string> {
    const out = new Exposition();
    writeServerFamilies(out, this.#sources);
    writeStorageFamilies(out, this.#sources);
    writeNetworkFamilies(out, this.#sources);
    writeProxy(out);
    // A turn each for the long ones, so that no request waits for a whole scrape.
    await this.#sources.member.yieldTurn();
    this.#grpc.write(out, this.#sources);
    await this.#sources.member.yieldTurn();
    await this.#process.write(out, this.#sources);
    this.#writeScrapes(out);
    return out.toString();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#inFlight += 1;
    try {
      const text = await this.text();
      response.setHeader("Content-Type", EXPOSITION_TYPE);
      if (request.headers["accept-encoding"]?.includes("gzip") !== true) {
        response.end(text);
      } else {
        response.setHeader("Content-Encoding", "gzip");
        response.end(await compress(text));
      }
      this.#served += 1;
    } catch (error) {
      this.#failed += 1;
      throw error;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #writeScrapes(out: Exposition): void {
    out.gauge("promhttp_metric_handler_requests_in_flight", "Scrapes being served.", this.#inFlight);
    out.rows(
      "counter",
      { name: "promhttp_metric_handler_requests_total", help: "Scrapes served, by status." },
      [
        ['{code="200"}', this.#served],
        ['{code="500"}', this.#failed],
        ['{code="503"}', 0],
      ],
    );
  }
}

/** etcd's servers expose the counters of its proxy, too. */
function writeProxy(out: Exposition): void {
  const help = "Always 0: this is no proxy.";
  for (const name of [
    "cache_hits_total",
    "cache_keys_total",
    "cache_misses_total",
    "watchers_coalescing_total",
  ])
    out.gauge(`etcd_grpc_proxy_${name}`, help, 0);
  out.counter("etcd_grpc_proxy_events_coalescing_total", help, 0);
}
