// @vitest-environment happy-dom
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { act, cleanup, render, screen } from "@testing-library/react";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { equalBytes } from "../text/bytes.js";
import { escapeBytes, tryParseEscaped } from "../text/escape.js";
import {
  bytesParam,
  count,
  flag,
  formatState,
  int64,
  oneOf,
  optionalBytes,
  parseSearch,
  stringifySearch,
  text,
  useUrlState,
} from "./url-state.js";
import type { SetUrlState } from "./url-state.js";

afterEach(cleanup);

const schema = {
  q: text(),
  view: oneOf(["tree", "list"], "tree"),
  on: flag(),
  rev: int64(),
  size: count(20),
  prefix: bytesParam(),
  key: optionalBytes(),
};

test("defaults are left out, everything else is plain text", () => {
  const key = Uint8Array.from([0x2f, 0xff]);
  expect(
    formatState(schema, { q: "", view: "list", rev: 7n, on: true, size: 20, key, prefix: new Uint8Array() }),
  ).toEqual({
    q: undefined,
    view: "list",
    rev: "7",
    on: "1",
    size: undefined,
    key: "/\\xff",
    prefix: undefined,
  });
});

test("an absent key and an empty one are different", () => {
  expect(formatState(schema, { key: new Uint8Array() })["key"]).toBe("");
  expect(formatState(schema, { key: undefined })["key"]).toBeUndefined();
});

test("any text and any bytes survive the query string", () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (q, key) => {
      const back = parseSearch(stringifySearch({ q, key: escapeBytes(key) }));
      expect(back["q"]).toBe(q);
      expect(equalBytes(tryParseEscaped(back["key"] ?? "")!, key)).toBe(true);
    }),
  );
  expect(stringifySearch({ prefix: "/app/a b", none: undefined })).toBe("?prefix=/app/a%20b");
});

test("a screen reads its part of the address, changes it, and broken parts count as absent", async () => {
  let set: SetUrlState<typeof schema> | undefined;
  function Probe() {
    const [state, change] = useUrlState(schema);
    set = change;
    return <output>{`${state.view} ${state.rev} ${state.size} ${escapeBytes(state.prefix)}`}</output>;
  }
  const history = createMemoryHistory({ initialEntries: ["/?view=nonsense&rev=x&prefix=/a&other=stays"] });
  const rootRoute = createRootRoute({
    component: Probe,
    validateSearch: (search: Record<string, unknown>) => search,
  });
  const router = createRouter({ routeTree: rootRoute, history, parseSearch, stringifySearch });
  render(<RouterProvider router={router} />);
  await screen.findByText("tree 0 20 /a");
  await act(async () => {
    set?.({ view: "list", rev: 9n });
    await Promise.resolve();
  });
  await screen.findByText("list 9 20 /a");
  expect(history.location.href).toBe("/?view=list&rev=9&prefix=/a&other=stays");
  expect(history.length).toBe(1);
  await act(async () => {
    set?.({ rev: 0n }, { push: true });
    await Promise.resolve();
  });
  await screen.findByText("list 0 20 /a");
  expect(history.length).toBe(2);
});
