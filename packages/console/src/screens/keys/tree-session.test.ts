// @vitest-environment happy-dom
import { createRouterTransport } from "@connectrpc/connect";
import { consolepb, create, mvccpb } from "@quorate/proto";
import { afterEach, expect, test, vi } from "vitest";
import { createClients } from "../../data/index.js";
import { encodeUtf8 } from "../../text/escape.js";
import { TreeSession } from "./tree-session.js";

/** A server whose answers come when the test says so. */
class SlowServer {
  readonly asked: { prefix: string; answer: (page: { names: string[]; revision: bigint }) => void }[] = [];
  #events: consolepb.WatchKeysResponse[] = [];
  #wake = (): void => undefined;

  tell(revision: bigint, events: { key: string; isDelete?: boolean }[] = []): void {
    const told = events.map(({ key, isDelete }) =>
      create(mvccpb.EventSchema, {
        type: isDelete === true ? mvccpb.Event_EventType.DELETE : mvccpb.Event_EventType.PUT,
        kv: { key: encodeUtf8(key), modRevision: revision },
      }),
    );
    this.#events.push(create(consolepb.WatchKeysResponseSchema, { events: told, revision }));
    this.#wake();
  }

  open(): TreeSession {
    const transport = createRouterTransport(({ service }) => {
      service(consolepb.ConsoleService, {
        listChildren: async ({ prefix }) => {
          const { names, revision } = await new Promise<{ names: string[]; revision: bigint }>((answer) =>
            this.asked.push({ prefix: new TextDecoder().decode(prefix), answer }),
          );
          return {
            revision,
            children: names.map((name) => ({
              name: encodeUtf8(name),
              isFolder: name.endsWith("/"),
              ...(name.endsWith("/") ? {} : { key: { key: encodeUtf8(name), modRevision: revision } }),
            })),
          };
        },
        watchKeys: (_request, { signal }) => this.#watch(signal),
      });
    });
    const clients = createClients(() => transport, "");
    const session = new TreeSession({ clients, prefix: new Uint8Array(), view: "tree", revision: 0n });
    stop = session.start();
    return session;
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<consolepb.WatchKeysResponse> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      yield* this.#events.splice(0);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Answers the oldest question about a folder. */
  async answer(prefix: string, names: string[], revision: bigint): Promise<void> {
    const at = await vi.waitUntil(() => {
      const found = this.asked.findIndex((question) => question.prefix === prefix);
      return found < 0 ? undefined : { found };
    });
    this.asked.splice(at.found, 1)[0]?.answer({ names, revision });
  }
}

let stop = (): void => undefined;
afterEach(() => stop());

const shown = (session: TreeSession): string[] => session.snapshot().model.rows.map(({ id }) => id);
const batches = (session: TreeSession): Promise<void> =>
  new Promise((resolve) => {
    const leave = session.subscribe(() => {
      leave();
      resolve();
    });
  });

test("what is written while a page is being read is in the tree when the page comes", async () => {
  const server = new SlowServer();
  const session = server.open();
  server.tell(5n);
  await vi.waitUntil(() => session.snapshot().live === "live");
  const flushed = batches(session);
  server.tell(7n, [{ key: "new" }, { key: "old", isDelete: true }]);
  await flushed;
  await server.answer("", ["kept", "old"], 6n);
  await vi.waitUntil(() => shown(session).length > 1);
  expect(shown(session)).toEqual(["kept", "new"]);
});

test("each folder that a great deletion emptied goes, however many they are", async () => {
  const server = new SlowServer();
  const session = server.open();
  const folders = Array.from({ length: 120 }, (_, at) => `f${String(at).padStart(3, "0")}/`);
  server.tell(5n);
  await server.answer("", [...folders, "kept"], 5n);
  await vi.waitUntil(() => shown(session).length === 121);
  server.tell(
    6n,
    folders.map((folder) => ({ key: `${folder}only`, isDelete: true })),
  );
  for (const folder of folders) await server.answer(folder, [], 6n);
  await vi.waitUntil(() => shown(session).length === 1);
  expect(shown(session)).toEqual(["kept"]);
});
