import type { ClientDuplexStream } from "@grpc/grpc-js";
import { etcdserverpb, fromBinary } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";

export interface WatchedEvents {
  /** Resolves when the server has confirmed the watcher. */
  readonly created: Promise<void>;
  /** Resolves with the events in order once there are `count` of them; rejects when the stream ends before. */
  readonly all: Promise<readonly mvccpb.Event[]>;
}

/** Collects the first `count` events of a watch stream. */
export function collectEvents(stream: ClientDuplexStream<Buffer, Buffer>, count: number): WatchedEvents {
  const events: mvccpb.Event[] = [];
  let confirm: () => void = () => undefined;
  const created = new Promise<void>((resolve) => (confirm = resolve));
  const all = new Promise<readonly mvccpb.Event[]>((resolve, reject) => {
    stream.on("data", (bytes: Buffer) => {
      const response = fromBinary(etcdserverpb.WatchResponseSchema, bytes);
      if (response.created) confirm();
      events.push(...response.events);
      if (events.length >= count) resolve(events);
    });
    stream.on("error", reject);
    stream.on("end", () => reject(new Error(`the stream ended after ${events.length} events`)));
  });
  return { created, all };
}
