/** Real members as the workloads of the simulator see a cluster. Each client has connections of its own. */
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import type { StreamEvents, WorkloadClient, WorkloadStream, WorkloadWorld } from "@quorate/sim";
import { sleep } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";

interface Connection {
  readonly token: string | undefined;
  readonly wire: WireClient;
}

export class ProcessWorld implements WorkloadWorld {
  readonly #endpoints: readonly string[];
  /** By client and endpoint. */
  readonly #connections = new Map<string, Connection>();

  /** @param endpoints `host:port` of the members, without TLS. */
  constructor(endpoints: readonly string[]) {
    this.#endpoints = endpoints;
  }

  get nowMs(): number {
    return performance.now();
  }

  get endpointCount(): number {
    return this.#endpoints.length;
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(delayMs);
  }

  connect(client: string, endpoint: number, token?: string): WorkloadClient {
    const name = `${client}@${endpoint}`;
    const known = this.#connections.get(name);
    let wire = known?.wire;
    if (wire === undefined || known?.token !== token) {
      wire?.close();
      wire = new WireClient(this.#endpoints[endpoint] ?? "", token === undefined ? {} : { token });
      this.#connections.set(name, { token, wire });
    }
    const connection = wire;
    return {
      call: (method, request, deadlineMs) => connection.call(method, request, deadlineMs),
      open: (path, events) => openStream(connection, path, events),
    };
  }

  close(): void {
    for (const { wire } of this.#connections.values()) wire.close();
  }
}

function openStream(wire: WireClient, path: string, events: StreamEvents): WorkloadStream {
  const stream: ClientDuplexStream<Buffer, Buffer> = wire.openBidiStream(path);
  let isOver = false;
  const end = (code: number, text: string): void => {
    if (isOver) return;
    isOver = true;
    events.onEnd(code, text);
  };
  stream.on("data", (bytes: Buffer) => {
    if (!isOver) events.onMessage(bytes);
  });
  stream.on("error", (error: ServiceError) => end(error.code, error.details));
  stream.on("end", () => end(0, ""));
  return {
    send: (message) => {
      if (!isOver) stream.write(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    },
    cancel: () => {
      isOver = true;
      stream.cancel();
    },
  };
}
