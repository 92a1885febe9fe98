/** The console's own reads of keys over the fake store: folders, pages, search, history and watches. */
import type { ServiceImpl } from "@connectrpc/connect";
import { consolepb, create, mvccpb } from "@quorate/proto";
import { latin1, prefixRange, zeroByte } from "../text/bytes.js";
import { checkRevision } from "./fake-kv.js";
import type { FakeEvent, FakeStore } from "./fake-store.js";
import { fromLatin1, withoutValue } from "./fake-store.js";

type ConsoleHandlers = ServiceImpl<typeof consolepb.ConsoleService>;

export function fakeKeys(
  store: FakeStore,
): Pick<ConsoleHandlers, "listChildren" | "listKeys" | "searchKeys" | "listHistory" | "watchKeys"> {
  return {
    listChildren: (request) => listChildren(store, request),
    listKeys: (request) => {
      const at = checkRevision(store, request.revision);
      const limit = request.limit === 0 ? 200 : request.limit;
      const prefix = latin1(request.prefix);
      const keys: mvccpb.KeyValue[] = [];
      let next = store.next(request.cursor.length > 0 ? `${latin1(request.cursor)}\0` : prefix, at);
      while (next?.startsWith(prefix) === true && keys.length < limit) {
        const kv = store.get(next, at);
        if (kv !== undefined) keys.push(request.withValues ? kv : withoutValue(kv));
        next = store.next(`${next}\0`, at);
      }
      const more = next?.startsWith(prefix) === true;
      const { key, rangeEnd } = prefixRange(request.prefix);
      const count = request.withCount ? BigInt([...store.range(key, rangeEnd, at)].length) : 0n;
      return { keys, next: more ? keys.at(-1)!.key : new Uint8Array(), revision: at, count };
    },
    async *searchKeys(request, context) {
      const at = checkRevision(store, request.revision);
      const { key, rangeEnd } = prefixRange(request.prefix);
      const fold = (text: string): string => (request.ignoreCase ? text.toLowerCase() : text);
      const wanted = fold(latin1(new TextEncoder().encode(request.text)));
      const limit = request.limit === 0 ? 1000 : request.limit;
      let [scanned, found] = [0, 0];
      let keys: mvccpb.KeyValue[] = [];
      for (const name of store.range(key, rangeEnd, at)) {
        scanned += 1;
        const kv = fold(name).includes(wanted) || request.inValues ? store.get(name, at) : undefined;
        if (kv !== undefined && (fold(name).includes(wanted) || fold(latin1(kv.value)).includes(wanted))) {
          keys.push(withoutValue(kv));
          found += 1;
        }
        if (found >= limit) break;
        if (scanned % 20_000 === 0) {
          yield create(consolepb.SearchKeysResponseSchema, { keys, scanned: BigInt(scanned), revision: at });
          keys = [];
          await new Promise((resolve) => setTimeout(resolve, 30));
          if (context.signal.aborted) return;
        }
      }
      yield create(consolepb.SearchKeysResponseSchema, {
        keys,
        scanned: BigInt(scanned),
        done: true,
        revision: at,
      });
    },
    async *listHistory(request) {
      await Promise.resolve();
      const limit = request.limit === 0 ? 100 : request.limit;
      const all = [...store.states(latin1(request.key))].reverse();
      const states = all.filter(({ revision }) => revision >= store.compacted).slice(0, limit);
      const end =
        states.length === limit && all.length > limit
          ? consolepb.HistoryEnd.LIMIT
          : states.length < all.length || (states.at(-1)?.revision ?? 0n) <= store.compacted
            ? consolepb.HistoryEnd.COMPACTED
            : consolepb.HistoryEnd.CREATED;
      yield create(consolepb.ListHistoryResponseSchema, {
        states: states.map(({ revision, kv }) => ({ revision, ...(kv === undefined ? {} : { key: kv }) })),
        end,
      });
    },
    async *watchKeys(request, context) {
      const pending: FakeEvent[] = [];
      let wake = (): void => undefined;
      if (request.startRevision > 0n) checkRevision(store, request.startRevision - 1n);
      const end = latin1(request.rangeEnd);
      const start = latin1(request.key);
      const matches = ({ key }: FakeEvent): boolean =>
        end === "" ? key === start : key >= start && (end === latin1(zeroByte) || key < end);
      const stop = store.watch((event) => {
        if (!matches(event) || (event.kv === undefined ? request.noDelete : request.noPut)) return;
        pending.push(event);
        wake();
      }, request.startRevision);
      context.signal.addEventListener("abort", () => wake());
      try {
        yield create(consolepb.WatchKeysResponseSchema, { revision: store.revision });
        while (!context.signal.aborted) {
          const events = pending.splice(0).map((event) => toEvent(event, request.prevKv));
          if (events.length > 0)
            yield create(consolepb.WatchKeysResponseSchema, { events, revision: store.revision });
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        stop();
      }
    },
  };
}

function listChildren(
  store: FakeStore,
  request: consolepb.ListChildrenRequest,
): consolepb.ListChildrenResponse {
  const at = checkRevision(store, request.revision);
  const prefix = latin1(request.prefix);
  const delimiter = request.delimiter.length === 0 ? "/" : latin1(request.delimiter);
  const limit = request.limit === 0 ? 200 : request.limit;
  const response = create(consolepb.ListChildrenResponseSchema, { revision: at });
  const cursor = latin1(request.cursor);
  let from = cursor === "" ? prefix : behind(cursor, delimiter);
  for (;;) {
    const name = store.next(from, at);
    if (name === undefined || !name.startsWith(prefix)) return response;
    if (response.children.length === limit) {
      response.next = response.children.at(-1)!.name;
      return response;
    }
    const cut = name.indexOf(delimiter, prefix.length);
    if (cut >= 0) {
      const folder = name.slice(0, cut + delimiter.length);
      response.children.push(create(consolepb.ChildSchema, { name: fromLatin1(folder), isFolder: true }));
      from = behind(folder, delimiter);
    } else {
      const kv = store.get(name, at)!;
      response.children.push(
        create(consolepb.ChildSchema, {
          name: kv.key,
          key: withoutValue(kv),
          valueBytes: BigInt(kv.value.length),
        }),
      );
      from = `${name}\0`;
    }
  }
}

/** The first key that is neither `name` nor inside it. */
function behind(name: string, delimiter: string): string {
  if (!name.endsWith(delimiter)) return `${name}\0`;
  return name.slice(0, -1) + String.fromCharCode(name.charCodeAt(name.length - 1) + 1);
}

function toEvent({ kv, key, revision, previous }: FakeEvent, withPrevious: boolean): mvccpb.Event {
  return create(mvccpb.EventSchema, {
    type: kv === undefined ? mvccpb.Event_EventType.DELETE : mvccpb.Event_EventType.PUT,
    kv: kv ?? { key: fromLatin1(key), modRevision: revision },
    ...(withPrevious && previous !== undefined ? { prevKv: previous } : {}),
  });
}
