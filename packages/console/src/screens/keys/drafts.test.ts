// @vitest-environment happy-dom
import { create, mvccpb } from "@quorate/proto";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../text/escape.js";
import { DRAFTS_MAX, draftsOf } from "./drafts.js";

const base = create(mvccpb.KeyValueSchema, { modRevision: 7n });

test("edits are kept for each key and cluster, so many, and the page asks before it goes", () => {
  const leave = (): boolean => {
    const event = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  const page = {};
  const drafts = draftsOf(page, "one");
  expect([draftsOf(page, "one") === drafts, draftsOf(page, "other") === drafts]).toEqual([true, false]);
  expect(leave()).toBe(false);
  drafts.keep(encodeUtf8("a"), { text: "half", format: "text", base });
  expect([drafts.get(encodeUtf8("a"))?.text, draftsOf(page, "other").size, leave()]).toEqual([
    "half",
    0,
    true,
  ]);
  drafts.drop(encodeUtf8("a"));
  expect([drafts.size, leave()]).toEqual([0, false]);
  for (let i = 0; i <= DRAFTS_MAX; i++) drafts.keep(encodeUtf8(`k${i}`), { text: "", format: "text", base });
  expect([drafts.size, drafts.get(encodeUtf8("k0"))]).toEqual([DRAFTS_MAX, undefined]);
});
