/**
 * A view's state in the URL: what is chosen, filtered or opened survives a reload and can be sent to a colleague.
 *
 * Each screen declares its parameters once, with a codec and a default. A parameter at its default is left out of the URL, and a
 * broken one counts as its default.
 */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";
import { equalBytes, noBytes } from "../text/bytes.js";
import { escapeBytes, tryParseEscaped } from "../text/escape.js";

export interface Parameter<T> {
  readonly initial: T;
  /** undefined for text that means nothing. */
  parse(text: string): T | undefined;
  format(value: T): string;
  equal(a: T, b: T): boolean;
}

const same = (a: unknown, b: unknown): boolean => a === b;

export function text(initial = ""): Parameter<string> {
  return { initial, parse: (raw) => raw, format: (value) => value, equal: same };
}

export function oneOf<const T extends string>(values: readonly T[], initial: NoInfer<T>): Parameter<T> {
  return {
    initial,
    parse: (raw) => values.find((value) => value === raw),
    format: (value) => value,
    equal: same,
  };
}

export function flag(initial = false): Parameter<boolean> {
  return { initial, parse: (raw) => raw === "1", format: (value) => (value ? "1" : "0"), equal: same };
}

/** A number that counts, such as a page size. */
export function count(initial = 0): Parameter<number> {
  return {
    initial,
    parse: (raw) => (/^\d{1,15}$/.test(raw) ? Number(raw) : undefined),
    format: String,
    equal: same,
  };
}

/** A revision or another 64-bit number in decimal. */
export function int64(initial = 0n): Parameter<bigint> {
  return {
    initial,
    parse: (raw) => (/^-?\d{1,19}$/.test(raw) ? BigInt(raw) : undefined),
    format: String,
    equal: same,
  };
}

/** A key or a prefix; empty by default. Written with the escapes of text/escape.ts. */
export function bytesParam(): Parameter<Uint8Array> {
  return { initial: noBytes, parse: tryParseEscaped, format: escapeBytes, equal: equalBytes };
}

/** A key that may be absent, which is something else than empty. */
export function optionalBytes(): Parameter<Uint8Array | undefined> {
  return {
    initial: undefined,
    parse: tryParseEscaped,
    format: (value) => escapeBytes(value ?? noBytes),
    equal: (a, b) => (a === undefined || b === undefined ? a === b : equalBytes(a, b)),
  };
}

type ValueOf<P> = P extends Parameter<infer T> ? T : never;
export type UrlState<S> = { readonly [Name in keyof S]: ValueOf<S[Name]> };
type Schema = Readonly<Record<string, Parameter<unknown>>>;

export interface SetOptions {
  /** Makes a step that the Back button undoes. Choosing something pushes; typing into a filter does not. */
  readonly push?: boolean;
}

export type SetUrlState<S> = (change: Partial<UrlState<S>>, options?: SetOptions) => void;

/** @param schema stable between renders: declare it outside of the component. */
export function useUrlState<const S extends Schema>(schema: S): readonly [UrlState<S>, SetUrlState<S>] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const navigate = useNavigate();
  const last = useRef<Record<string, { raw: unknown; value: unknown }>>({});
  const state = useMemo(() => readState(schema, search, last.current), [schema, search]);
  const set = useCallback<SetUrlState<S>>(
    (change, options = {}) => {
      void navigate({
        to: ".",
        search: (previous: Record<string, unknown>) => ({ ...previous, ...formatState(schema, change) }),
        replace: options.push !== true,
      } as NavigateTo);
    },
    [navigate, schema],
  );
  return [state, set];
}

/** The router's own type of options depends on the whole tree of routes, which a screen does not know. */
type NavigateTo = Parameters<ReturnType<typeof useNavigate>>[0];

/** Values whose text did not change keep their identity, so that effects on bytes do not run anew. */
function readState<S extends Schema>(
  schema: S,
  search: Readonly<Record<string, unknown>>,
  last: Record<string, { raw: unknown; value: unknown }>,
): UrlState<S> {
  const entries = Object.entries(schema).map(([name, parameter]) => {
    const raw = search[name];
    const known = last[name];
    if (known !== undefined && known.raw === raw) return [name, known.value];
    const value: unknown = (typeof raw === "string" ? parameter.parse(raw) : undefined) ?? parameter.initial;
    last[name] = { raw, value };
    return [name, value];
  });
  return Object.fromEntries(entries) as UrlState<S>;
}

/** The changed parameters as text; undefined takes one out of the URL. */
export function formatState<S extends Schema>(
  schema: S,
  change: Partial<UrlState<S>>,
): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(change)) {
    const parameter = schema[name];
    if (parameter === undefined) continue;
    out[name] =
      value === undefined || parameter.equal(value, parameter.initial) ? undefined : parameter.format(value);
  }
  return out;
}

/** The query string: plain text both ways, with slashes left readable. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(search)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string")
    .map(
      ([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%3A", ":")}`,
    );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Parameters of any screen as they stand in the URL. */
export type Search = Readonly<Record<string, string | undefined>>;

/** Another screen is a fresh start there, but in the same cluster. */
export function keepCluster(previous: Search): Search {
  return previous["cluster"] === undefined ? {} : { cluster: previous["cluster"] };
}
