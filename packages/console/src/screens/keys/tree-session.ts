/**
 * Reads the tree from the server and keeps it true: pages as they are needed, events as they happen, one watch for all of it.
 *
 * Events are applied once per frame. A watch that falls too far behind, or whose start was compacted, reads the open folders anew.
 * While the past is looked at nothing is watched: it does not change.
 */
import { mvccpb } from "@quorate/proto";
import type { consolepb } from "@quorate/proto";
import { failureKind, startFeed, stream } from "../../data/index.js";
import type { Clients, FeedState } from "../../data/index.js";
import { latin1, prefixRange } from "../../text/bytes.js";
import { childrenMax, TreeModel } from "./tree-model.js";
import type { TreeChild, TreeFolder, TreePage } from "./tree-model.js";
import { fromLatin1 } from "./names.js";

/** Children of the first page, which should be there at once, and of those that scrolling asks for. */
const firstPageChildren = 200;
const nextPageChildren = 1000;
/** Events waiting for the next frame; beyond them reading anew is cheaper. */
const eventsPendingMax = 20_000;
/** How long a row stays highlighted after an event. */
const touchedMs = 1200;
/** More changes in one frame than this are a flood, and a highlight would say nothing. */
const touchedRowsMax = 100;
const suspectsAtOnceMax = 50;

export type LiveState = "past" | FeedState;

export interface TreeSnapshot {
  readonly model: TreeModel;
  readonly live: LiveState;
  /** Rows that changed a moment ago. */
  readonly touched: ReadonlySet<string>;
}

export interface TreeSessionOptions {
  readonly clients: Clients;
  readonly prefix: Uint8Array;
  /** Folders by their slashes, or all keys in one row. */
  readonly view: "tree" | "list";
  /** 0n for now. */
  readonly revision: bigint;
  /** Every event of the prefix, for other parts of the screen. */
  readonly onEvents?: (events: readonly mvccpb.Event[]) => void;
  /** Events up to this revision may be missing; what was read before it is to be read again. */
  readonly onGap?: (revision: bigint) => void;
}

export class TreeSession {
  readonly #options: TreeSessionOptions;
  readonly #model: TreeModel;
  readonly #listeners = new Set<() => void>();
  #snapshot: TreeSnapshot;
  #touched = new Map<string, ReturnType<typeof setTimeout>>();
  #pending: mvccpb.Event[] = [];
  #frame = 0;
  #resumeAt = 0n;
  /** From this revision on the watch tells everything; a page read before it may lack something. */
  #liveFrom = 0n;
  /** Counts the times that everything was forgotten; pages asked for before are of no use after. */
  #generation = 0;
  #over: AbortController | undefined;
  #isChecking = false;

  constructor(options: TreeSessionOptions) {
    this.#options = options;
    this.#model = new TreeModel(options.prefix, options.view === "tree" ? "/" : "");
    this.#snapshot = {
      model: this.#model,
      live: options.revision === 0n ? "connecting" : "past",
      touched: new Set(),
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): TreeSnapshot => this.#snapshot;

  /** Begins to read and to watch. @returns what ends both. */
  start(): () => void {
    const over = new AbortController();
    this.#over = over;
    this.#generation += 1;
    this.#model.reset();
    void this.more(this.#model.root);
    const stopFeed = this.#options.revision === 0n ? this.#watch() : undefined;
    return () => {
      stopFeed?.();
      over.abort();
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      for (const timer of this.#touched.values()) clearTimeout(timer);
      this.#touched.clear();
    };
  }

  toggle(id: string): void {
    if (this.#model.isOpen(id)) {
      this.#model.close(id);
      this.#publish();
    } else this.open(id);
  }

  open(id: string): void {
    const folder = this.#model.open(id);
    this.#publish();
    if (folder.status === "unread") void this.more(folder);
  }

  /** Opens every folder on the way to a key. */
  reveal(key: Uint8Array): void {
    const id = latin1(key);
    const start = this.#model.root.id;
    if (!id.startsWith(start)) return;
    for (let cut = id.indexOf("/", start.length); cut >= 0; cut = id.indexOf("/", cut + 1)) {
      const folder = id.slice(0, cut + 1);
      if (folder !== id && !this.#model.isOpen(folder)) this.open(folder);
    }
  }

  /** Reads a folder's next page, unless one is being read or all is there. */
  async more(folder: TreeFolder): Promise<void> {
    const isFirst = folder.pages.length === 0;
    if (folder.status === "loading" || folder.children.length >= childrenMax) return;
    if (!isFirst && folder.next.length === 0) return;
    const over = this.#over?.signal;
    const generation = this.#generation;
    this.#model.startLoading(folder);
    this.#publish();
    try {
      const { revision } = this.#options;
      const limit = isFirst ? firstPageChildren : nextPageChildren;
      const page = await this.#read(folder, limit, over);
      if (generation !== this.#generation) return;
      if (revision === 0n && page.revision < this.#liveFrom) {
        folder.status = "unread";
        return await this.more(folder);
      }
      if (!this.#model.addPage(folder, page)) return await this.more(folder);
      this.#openOnlyChild(folder);
    } catch (error) {
      if (generation !== this.#generation || over?.aborted === true) return;
      this.#model.fail(folder, error);
    }
    this.#publish();
  }

  async #read(folder: TreeFolder, limit: number, signal: AbortSignal | undefined): Promise<TreePage> {
    const { clients, revision, view } = this.#options;
    const request = { prefix: fromLatin1(folder.id), revision, cursor: folder.next, limit };
    const options = signal === undefined ? {} : { signal };
    if (view === "list") {
      const page = await clients.console.listKeys(request, options);
      return { children: page.keys.map(toKey), next: page.next, revision: page.revision };
    }
    const page = await clients.console.listChildren(request, options);
    return { children: page.children.map(toChild), next: page.next, revision: page.revision };
  }

  /** A folder that holds one folder and nothing else is a step nobody needs to take by hand. */
  #openOnlyChild(folder: TreeFolder): void {
    const [only] = folder.children;
    if (
      folder.pages.length === 1 &&
      folder.children.length === 1 &&
      folder.next.length === 0 &&
      only?.isFolder === true
    ) {
      this.open(only.id);
    }
  }

  /** Tries again what failed. */
  retry(folder: TreeFolder): void {
    folder.status = folder.pages.length === 0 ? "unread" : "ready";
    void this.more(folder);
  }

  #watch(): () => void {
    return startFeed({
      consume: async (signal, live) => {
        const request = { ...prefixRange(this.#options.prefix), startRevision: this.#resumeAt };
        for await (const response of this.#options.clients.console.watchKeys(request, stream(signal))) {
          live();
          this.#receive(response);
        }
      },
      onState: (state, error) => {
        this.#snapshot = { ...this.#snapshot, live: state };
        if (failureKind(error) === "compacted") {
          this.#resumeAt = 0n;
          this.#pending = [];
          this.#reread();
        }
        this.#publish();
      },
    });
  }

  #receive(response: consolepb.WatchKeysResponse): void {
    if (this.#resumeAt === 0n) {
      this.#liveFrom = response.revision;
      if (this.#model.isOlderThan(response.revision)) this.#reread();
      this.#options.onGap?.(response.revision);
    }
    this.#resumeAt = response.revision + 1n;
    if (response.events.length === 0) return;
    this.#pending.push(...response.events);
    if (this.#pending.length > eventsPendingMax) {
      this.#pending = [];
      this.#reread();
      this.#options.onGap?.(response.revision);
      return;
    }
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#frame = 0;
    const events = this.#pending;
    this.#pending = [];
    const touched = this.#model.apply(events.map(toTreeEvent));
    if (touched.size <= touchedRowsMax) for (const id of touched) this.#touch(id);
    this.#options.onEvents?.(events);
    void this.#checkSuspects();
    this.#publish();
  }

  #touch(id: string): void {
    clearTimeout(this.#touched.get(id));
    const timer = setTimeout(() => {
      this.#touched.delete(id);
      this.#publish();
    }, touchedMs);
    this.#touched.set(id, timer);
  }

  /** Looks whether folders that lost a key hold another one, some at a time. What could not be looked at waits for the next event. */
  async #checkSuspects(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    for (let areAnswered = true; areAnswered;) {
      const suspects = this.#model.takeSuspects(suspectsAtOnceMax);
      if (suspects.length === 0) break;
      const answers = await Promise.all(suspects.map((id) => this.#examine(id)));
      areAnswered = answers.every(Boolean);
      this.#publish();
    }
    this.#isChecking = false;
  }

  /** @returns whether there was an answer. */
  async #examine(id: string): Promise<boolean> {
    try {
      const request = { prefix: fromLatin1(id), limit: 1 };
      const { children, revision } = await this.#options.clients.console.listChildren(request);
      this.#model.settle(id, { isEmpty: children.length === 0, revision });
      return true;
    } catch {
      this.#model.settle(id, undefined);
      return false;
    }
  }

  #reread(): void {
    this.#generation += 1;
    this.#model.reset();
    void this.more(this.#model.root);
    this.#publish();
  }

  #publish(): void {
    this.#snapshot = { ...this.#snapshot, touched: new Set(this.#touched.keys()) };
    for (const listener of this.#listeners) listener();
  }
}

/** A key of a list, which comes without its value and therefore without its size. */
function toKey(kv: mvccpb.KeyValue): TreeChild {
  const { key, modRevision, lease } = kv;
  return { id: latin1(key), name: key, isFolder: false, modRevision, lease, valueBytes: -1 };
}

function toChild(child: consolepb.Child): TreeChild {
  return {
    id: latin1(child.name),
    name: child.name,
    isFolder: child.isFolder,
    modRevision: child.key?.modRevision ?? 0n,
    lease: child.key?.lease ?? 0n,
    valueBytes: Number(child.valueBytes),
  };
}

function toTreeEvent({ type, kv }: mvccpb.Event): Parameters<TreeModel["apply"]>[0][number] {
  const key = kv?.key ?? new Uint8Array();
  const revision = kv?.modRevision ?? 0n;
  if (type === mvccpb.Event_EventType.DELETE) return { key, revision };
  return { key, revision, put: { lease: kv?.lease ?? 0n, valueBytes: kv?.value.length ?? 0 } };
}
