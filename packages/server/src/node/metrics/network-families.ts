/** `etcd_network_*`: other members and clients. */
import { formatHexId } from "@quorate/proto";
import { exponentialBounds, type Histogram } from "../../metrics/histogram.js";
import type { PeerMeters } from "../../metrics/member-meters.js";
import { formatLabels, type Exposition } from "./exposition.js";
import type { MetricsSources } from "./sources.js";

const TRANSFER_SECONDS = exponentialBounds(0.1, 2, 10);

type Count = {
  [K in keyof PeerMeters]: PeerMeters[K] extends number ? K : never;
}[keyof PeerMeters];
type Duration = {
  [K in keyof PeerMeters]: PeerMeters[K] extends Histogram ? K : never;
}[keyof PeerMeters];

const COUNTS: readonly (readonly [name: string, label: "To" | "From", count: Count, help: string])[] = [
  ["peer_sent_bytes_total", "To", "sentBytes", "Bytes sent to a member."],
  ["peer_received_bytes_total", "From", "receivedBytes", "Bytes received from a member."],
  ["peer_sent_failures_total", "To", "sentFailures", "Messages to a member that were not sent."],
  [
    "peer_received_failures_total",
    "From",
    "receivedFailures",
    "Streams of a member that broke or could not be opened.",
  ],
  ["snapshot_send_success", "To", "snapshotSendSuccess", "Databases sent."],
  ["snapshot_send_failures", "To", "snapshotSendFailures", "Databases that could not be sent."],
  ["snapshot_receive_success", "From", "snapshotReceiveSuccess", "Databases received."],
  ["snapshot_receive_failures", "From", "snapshotReceiveFailures", "Databases that could not be received."],
];
const IN_FLIGHT: readonly (readonly [name: string, label: "To" | "From", count: Count])[] = [
  ["snapshot_send_inflights_total", "To", "snapshotSendInflight"],
  ["snapshot_receive_inflights_total", "From", "snapshotReceiveInflight"],
];
const DURATIONS: readonly (readonly [name: string, label: "To" | "From", duration: Duration])[] = [
  ["snapshot_send_total_duration_seconds", "To", "snapshotSendSeconds"],
  ["snapshot_receive_total_duration_seconds", "From", "snapshotReceiveSeconds"],
];

export function writeNetworkFamilies(out: Exposition, sources: MetricsSources): void {
  writePeers(out, sources);
  writePeerStates(out, sources);
  writeClients(out, sources);
}

function writePeers(out: Exposition, { meters }: MetricsSources): void {
  const peers = [...meters.peers];
  for (const [name, label, count, help] of COUNTS) {
    out.rows(
      "counter",
      { name: `etcd_network_${name}`, help },
      peers.map(([id, peer]) => [formatLabels({ [label]: id }), peer[count]] as const),
    );
  }
  for (const [name, label, count] of IN_FLIGHT) {
    out.rows(
      "gauge",
      { name: `etcd_network_${name}`, help: "Databases on their way." },
      peers.map(([id, peer]) => [formatLabels({ [label]: id }), peer[count]] as const),
    );
  }
  for (const [name, label, duration] of DURATIONS) {
    out.histograms(
      { name: `etcd_network_${name}`, help: "Time for a database.", bounds: TRANSFER_SECONDS },
      peers.map(([id, peer]) => ({ labels: { [label]: id }, histogram: peer[duration] })),
    );
  }
  out.histograms(
    {
      name: "etcd_network_peer_round_trip_time_seconds",
      help: "Time of a probe to a member and back.",
      bounds: exponentialBounds(0.0001, 2, 16),
    },
    peers.map(([id, peer]) => ({ labels: { To: id }, histogram: peer.roundTripSeconds })),
  );
}

function writePeerStates(out: Exposition, { member, meters, peerIds, isPeerActive }: MetricsSources): void {
  const local = formatHexId(member.memberId);
  const others = peerIds();
  const labelsOf = (id: bigint): string => formatLabels({ Local: local, Remote: formatHexId(id) });
  out.rows(
    "gauge",
    { name: "etcd_network_known_peers", help: "1 for each member of the cluster." },
    [member.memberId, ...others].map((id) => [labelsOf(id), 1] as const),
  );
  out.rows(
    "gauge",
    { name: "etcd_network_active_peers", help: "1 for members that answer, else 0." },
    others.map((id) => [labelsOf(id), Number(isPeerActive(id))] as const),
  );
  out.rows(
    "counter",
    { name: "etcd_network_disconnected_peers_total", help: "Times that a member ceased to answer." },
    [...meters.peers].map(
      ([id, peer]) => [formatLabels({ Local: local, Remote: id }), peer.disconnections] as const,
    ),
  );
}

function writeClients(out: Exposition, { methods, meters }: MetricsSources): void {
  let received = 0;
  let sent = 0;
  for (const { messageBytesReceived, messageBytesSent } of methods()) {
    received += messageBytesReceived;
    sent += messageBytesSent;
  }
  out.counter(
    "etcd_network_client_grpc_received_bytes_total",
    "Bytes of requests of gRPC clients.",
    received,
  );
  out.counter("etcd_network_client_grpc_sent_bytes_total", "Bytes of answers to gRPC clients.", sent);
  out.rows(
    "counter",
    { name: "etcd_network_server_stream_failures_total", help: "Streams that ended with a failure." },
    [...streamFailures(methods())],
  );
  out.rows(
    "counter",
    { name: "quorate_tls_rejected_connections_total", help: "TLS handshakes that failed, by port." },
    Object.entries(meters.rejectedConnections).map(
      ([port, count]) => [formatLabels({ port }), count] as const,
    ),
  );
}

const STREAM_APIS: ReadonlyMap<string, string> = new Map([
  ["Watch", "watch"],
  ["LeaseKeepAlive", "lease-keepalive"],
]);

function* streamFailures(
  methods: ReturnType<MetricsSources["methods"]>,
): Iterable<readonly [labels: string, value: number]> {
  for (const { method, kind, handledByStatus } of methods) {
    const api = STREAM_APIS.get(method);
    if (api === undefined || kind !== "bidi") continue;
    // Clients that leave end their streams as cancelled, which is how streams end.
    const failed = handledByStatus.reduce((sum, count, code) => (code > 1 ? sum + count : sum), 0);
    if (failed > 0) yield [formatLabels({ API: api, Type: "receive" }), failed];
  }
}
