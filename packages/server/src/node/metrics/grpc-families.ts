/** `grpc_server_*`: calls by method and status. Every method and every status has a series from the start, so that rates are right. */
import type { MethodCounters } from "@quorate/rpc";
import { GrpcStatus } from "@quorate/rpc";
import { HANDLING_SECONDS, MethodTiming } from "../../metrics/call-timings.js";
import type { Histogram } from "../../metrics/histogram.js";
import { formatLabels, type Exposition } from "./exposition.js";
import type { MetricsSources } from "./sources.js";

const TYPES: Readonly<Record<MethodCounters["kind"], string>> = {
  unary: "unary",
  "server-stream": "server_stream",
  "client-stream": "client_stream",
  bidi: "bidi_stream",
};

/** Names of the status codes as Go prints them; the index is the code. */
const CODES: readonly string[] = Object.entries(GrpcStatus)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => (name === "ok" ? "OK" : name === "cancelled" ? "Canceled" : capitalized(name)));

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Label texts are made once: there are a thousand of them. */
interface LabelledMethod {
  readonly method: string;
  readonly codes: readonly string[];
}

export class GrpcFamilies {
  readonly #labels = new WeakMap<MethodCounters, LabelledMethod>();

  write(out: Exposition, { methods, isExtensive }: MetricsSources): void {
    const all = methods();
    const plain = (name: string, help: string, count: (counters: MethodCounters) => number): void =>
      out.rows(
        "counter",
        { name, help },
        all.map((counters) => [this.#labelsOf(counters).method, count(counters)] as const),
      );
    plain("grpc_server_started_total", "Calls begun.", ({ started }) => started);
    out.rows(
      "counter",
      { name: "grpc_server_handled_total", help: "Calls ended, by status." },
      this.#handled(all),
    );
    plain("grpc_server_msg_received_total", "Messages received.", ({ messagesReceived }) => messagesReceived);
    plain("grpc_server_msg_sent_total", "Messages sent.", ({ messagesSent }) => messagesSent);
    if (!isExtensive) return;
    out.histograms(
      { name: "grpc_server_handling_seconds", help: "Time of a call.", bounds: HANDLING_SECONDS },
      all.map((counters) => ({ labels: labelsOf(counters), histogram: handlingOf(counters) })),
    );
  }

  *#handled(all: readonly MethodCounters[]): Iterable<readonly [labels: string, value: number]> {
    for (const counters of all) {
      const { codes } = this.#labelsOf(counters);
      for (const [code, labels] of codes.entries()) yield [labels, counters.handledByStatus[code] ?? 0];
    }
  }

  #labelsOf(counters: MethodCounters): LabelledMethod {
    const known = this.#labels.get(counters);
    if (known !== undefined) return known;
    const labels = labelsOf(counters);
    const made: LabelledMethod = {
      method: formatLabels(labels),
      codes: CODES.map((code) => formatLabels({ ...labels, grpc_code: code })),
    };
    this.#labels.set(counters, made);
    return made;
  }
}

function labelsOf({ service, method, kind }: MethodCounters): Readonly<Record<string, string>> {
  return { grpc_method: method, grpc_service: service, grpc_type: TYPES[kind] };
}

function handlingOf({ timing }: MethodCounters): Pick<Histogram, "count" | "countUpTo" | "sum"> {
  if (!(timing instanceof MethodTiming)) return { count: 0, sum: 0, countUpTo: () => 0 };
  const { succeeded, failed } = timing;
  return {
    count: succeeded.seconds.count + failed.seconds.count,
    sum: succeeded.seconds.sum + failed.seconds.sum,
    countUpTo: (bound) => succeeded.seconds.countUpTo(bound) + failed.seconds.countUpTo(bound),
  };
}
