import { Code, ConnectError } from "@connectrpc/connect";
import type { consolepb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();
const put = (key: string, value: string) => app.kv.put({ key: utf8(key), value: utf8(value) });
const PREFIX = { key: utf8("w/"), rangeEnd: utf8("w0") };

type Watch = AsyncIterator<consolepb.WatchKeysResponse>;
function open(request: Parameters<typeof app.console.watchKeys>[0]): Watch {
  return app.console.watchKeys(request)[Symbol.asyncIterator]();
}
async function next(watch: Watch): Promise<consolepb.WatchKeysResponse> {
  const { value, done } = await watch.next();
  if (done === true) throw new Error("the watch ended");
  return value;
}
const describeEvents = ({ events }: consolepb.WatchKeysResponse): string[] =>
  events.map(({ type, kv, prevKv }) =>
    [type === 0 ? "put" : "delete", text(kv?.key), text(kv?.value), text(prevKv?.value)].join(" ").trim(),
  );

describe("a watch of keys", () => {
  it("says from where on nothing is missed, then tells what happens", async () => {
    const { header } = await put("w/a", "0");
    const watch = open({ ...PREFIX, prevKv: true });
    const greeting = await next(watch);
    expect(greeting).toMatchObject({ events: [], revision: header?.revision });
    await put("w/a", "1");
    await put("elsewhere", "1");
    await app.kv.deleteRange({ key: utf8("w/a") });
    const told = [...describeEvents(await next(watch)), ...describeEvents(await next(watch))];
    expect(told).toEqual(["put w/a 1 0", "delete w/a  1"]);
    await watch.return?.();
  });

  it("begins in the past when asked to, and leaves out what is filtered", async () => {
    const { header } = await put("w/b", "1");
    await app.kv.deleteRange({ key: utf8("w/b") });
    const watch = open({ ...PREFIX, startRevision: header?.revision ?? 0n, noPut: true });
    expect((await next(watch)).revision).toBe((header?.revision ?? 0n) - 1n);
    expect(describeEvents(await next(watch))).toEqual(["delete w/b"]);
    await watch.return?.();
  });

  it("goes on without gap or duplicate when the member was restarted under it", async () => {
    const watch = open(PREFIX);
    await next(watch);
    await put("w/c", "1");
    expect(describeEvents(await next(watch))).toEqual(["put w/c 1"]);
    await app.member.restart();
    await put("w/c", "2");
    await put("w/c", "3");
    const told: string[] = [];
    while (told.length < 2) told.push(...describeEvents(await next(watch)));
    expect(told).toEqual(["put w/c 2", "put w/c 3"]);
    await watch.return?.();
  });

  it("ends with an error that names the oldest revision when its start was compacted", async () => {
    const { header } = await put("w/d", "1");
    const revision = (await put("w/d", "2")).header?.revision ?? 0n;
    await app.kv.compact({ revision });
    const watch = open({ ...PREFIX, startRevision: header?.revision ?? 0n });
    const error = await (async () => {
      for (;;) await next(watch);
    })().catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.OutOfRange });
    expect(error.rawMessage).toContain(`oldest to watch from is ${revision}`);
  });
});
