import type { ClientDuplexStream } from "@grpc/grpc-js";
import { etcdserverpb, fromBinary } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";

export interface WatchedEvents {
  /** Resolves when the server has confirmed the watcher; rejects when the stream ends before. */
  readonly created: Promise<void>;
  /** Resolves with the events in order once there are `count` of them; rejects when the stream ends before. */
  readonly all: Promise<readonly mvccpb.Event[]>;
}

/** Collects the first `count` events of a watch stream. */
export function collectEvents(stream: ClientDuplexStream<Buffer, Buffer>, count: number): WatchedEvents {
  const events: mvccpb.Event[] = [];
  let confirm: () => void = () => undefined;
  let give: (events: readonly mvccpb.Event[]) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    stream.on("error", reject);
    stream.on("end", () => reject(new Error(`the stream ended after ${events.length} events`)));
  });
  // Whoever waits for either of the two is told; when nobody waits, the end is of no interest.
  ended.catch(() => undefined);
  const created = Promise.race([new Promise<void>((resolve) => (confirm = resolve)), ended]);
  const all = Promise.race([new Promise<readonly mvccpb.Event[]>((resolve) => (give = resolve)), ended]);
  created.catch(() => undefined);
  all.catch(() => undefined);
  stream.on("data", (bytes: Buffer) => {
    const response = fromBinary(etcdserverpb.WatchResponseSchema, bytes);
    if (response.created) confirm();
    events.push(...response.events);
    if (events.length >= count) give(events);
  });
  return { created, all };
}
