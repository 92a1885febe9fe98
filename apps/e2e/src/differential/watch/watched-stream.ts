/**
 * One stream of watchers at one server, with a judge for each watcher.
 *
 * Requests are made one at a time: what is asked for is answered before the next request, while events of other watchers may
 * come in between.
 */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { MessageInitShape, mvccpb } from "@quorate/proto";
import { pathOf } from "../../harness/wire-client.js";
import type { WireClient } from "../../harness/wire-client.js";
import type { HistoryModel } from "./history-model.js";
import { WatcherJudge, revisionOf } from "./watcher-judge.js";
import type { WatcherSpec } from "./watcher-judge.js";

const ANSWER_MS_MAX = 20_000;
const NOBODY = -1n;
const { WatchRequestSchema, WatchResponseSchema, WatchCreateRequest_FilterType } = etcdserverpb;

type Response = etcdserverpb.WatchResponse;

export interface StreamSetting {
  readonly client: WireClient;
  readonly history: HistoryModel;
  /** Takes what is wrong. */
  readonly report: (finding: string) => void;
  /** See `WatcherJudge`. */
  readonly dropsTombstones: boolean;
  /** False for releases whose progress may overtake events. */
  readonly judgesProgress: boolean;
  /** True for etcd: events that are still on their way when their watcher is cancelled come without pairs before. */
  readonly forgetsAtCancel: boolean;
}

export class WatchedStream {
  readonly judges: Map<bigint, WatcherJudge> = new Map();
  readonly #setting: StreamSetting;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #pieces = new Map<bigint, mvccpb.Event[]>();
  /** Last answered progress of the whole stream. */
  progressRevision = -1;
  /** Why the stream broke, unless it was closed here. */
  brokenBy: string | undefined;
  #awaited: ((response: Response | Error) => void) | undefined;
  #spec: WatcherSpec | undefined;
  #isClosed = false;

  constructor(setting: StreamSetting) {
    this.#setting = setting;
    this.#stream = setting.client.openBidiStream(pathOf(etcdserverpb.Watch.method.watch));
    this.#stream.on("data", (bytes: Buffer) => this.#hear(fromBinary(WatchResponseSchema, bytes)));
    this.#stream.on("error", (error: Error) => this.#break(error.message));
    this.#stream.on("end", () => this.#break("the stream ended"));
  }

  /** @param id 0n to be given one. @returns the answer: `watchId` is -1 when it was refused. */
  async create(spec: WatcherSpec, id: bigint): Promise<Response> {
    const { NOPUT, NODELETE } = WatchCreateRequest_FilterType;
    this.#spec = spec;
    return this.#ask("create", {
      requestUnion: {
        case: "createRequest",
        value: {
          key: Buffer.from(spec.key, "latin1"),
          rangeEnd: Buffer.from(spec.end, "latin1"),
          startRevision: BigInt(spec.start),
          progressNotify: spec.progress,
          filters: [...(spec.noPut ? [NOPUT] : []), ...(spec.noDelete ? [NODELETE] : [])],
          prevKv: spec.withPrevious,
          watchId: id,
          fragment: spec.fragment,
        },
      },
    });
  }

  async cancel(id: bigint): Promise<void> {
    const judge = this.judges.get(id);
    if (judge !== undefined) judge.mayLackPrevious = this.#setting.forgetsAtCancel;
    await this.#ask(`cancel ${id}`, { requestUnion: { case: "cancelRequest", value: { watchId: id } } });
    this.judges.delete(id);
  }

  /** Asks for an id that nobody has to be cancelled; there must be no answer. */
  cancelNobody(id: bigint): void {
    this.#send({ requestUnion: { case: "cancelRequest", value: { watchId: id } } });
  }

  requestProgress(): void {
    this.#send({ requestUnion: { case: "progressRequest", value: {} } });
  }

  /** Reads no more, so that flow control holds the server back. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#stream.cancel();
  }

  #break(reason: string): void {
    if (this.#isClosed) return;
    this.brokenBy ??= reason;
    this.#awaited?.(new Error(reason));
  }

  async #ask(what: string, request: MessageInitShape<typeof WatchRequestSchema>): Promise<Response> {
    this.#stream.resume();
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer to ${what}`)), ANSWER_MS_MAX);
        this.#awaited = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
        this.#send(request);
      });
    } finally {
      clearTimeout(timer);
      this.#awaited = undefined;
    }
  }

  #send(request: MessageInitShape<typeof WatchRequestSchema>): void {
    const bytes = toBinary(WatchRequestSchema, create(WatchRequestSchema, request));
    this.#stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  #hear(response: Response): void {
    if (this.#isClosed) return;
    const { watchId, created, canceled } = response;
    if (created) {
      this.#hearCreated(response);
      return;
    }
    const judge = this.judges.get(watchId);
    if (canceled) this.#hearCanceled(response, judge);
    else if (watchId === NOBODY && response.events.length === 0)
      this.#hearStreamProgress(revisionOf(response));
    else if (judge === undefined) this.#report(watchId, "told something after its end, or never created");
    else if (response.events.length === 0) this.#hearProgress(response, judge);
    else this.#hearEvents(response, judge);
  }

  #hearCreated(response: Response): void {
    const { watchId, canceled } = response;
    const spec = this.#spec;
    if (this.#awaited === undefined || spec === undefined) {
      this.#report(watchId, "created, unasked");
      return;
    }
    const { history, dropsTombstones } = this.#setting;
    if (!canceled) {
      const createdRevision = revisionOf(response);
      this.judges.set(watchId, new WatcherJudge(history, spec, { createdRevision, dropsTombstones }));
    }
    this.#awaited(response);
  }

  #hearCanceled(response: Response, judge: WatcherJudge | undefined): void {
    const { watchId, compactRevision, cancelReason, events } = response;
    if (judge === undefined || events.length > 0) {
      this.#report(watchId, "cancelled, but it is not there");
      return;
    }
    if (compactRevision > 0n) {
      if (revisionOf(response) !== 0) this.#report(watchId, "compacted, with a revision in the header");
      this.#report(watchId, judge.onCompacted(Number(compactRevision)));
      return;
    }
    judge.ending = "cancelled";
    if (cancelReason !== "") this.#report(watchId, `cancelled because of ${cancelReason}`);
    if (this.#awaited === undefined) this.#report(watchId, "cancelled, unasked");
    this.#awaited?.(response);
  }

  #hearProgress(response: Response, judge: WatcherJudge): void {
    if (!judge.spec.progress) this.#report(response.watchId, "told of progress, unasked");
    if (this.#setting.judgesProgress) this.#report(response.watchId, judge.onProgress(revisionOf(response)));
  }

  #hearStreamProgress(revision: number): void {
    this.progressRevision = revision;
    if (!this.#setting.judgesProgress) return;
    for (const [id, judge] of this.judges) this.#report(id, judge.onProgress(revision));
  }

  #hearEvents(response: Response, judge: WatcherJudge): void {
    const { watchId, events, fragment } = response;
    const pieces = this.#pieces.get(watchId);
    if (fragment && !judge.spec.fragment) this.#report(watchId, "a fragment, unasked");
    if (fragment) {
      this.#pieces.set(watchId, [...(pieces ?? []), ...events]);
      return;
    }
    this.#pieces.delete(watchId);
    const whole = pieces === undefined ? events : [...pieces, ...events];
    this.#report(watchId, judge.onEvents(revisionOf(response), whole));
  }

  #report(id: bigint, finding: string | undefined): void {
    if (finding === undefined) return;
    const spec = this.judges.get(id)?.spec;
    this.#setting.report(`watcher ${id} ${spec === undefined ? "" : JSON.stringify(spec)}: ${finding}`);
  }
}
