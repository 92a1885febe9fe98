// @vitest-environment happy-dom
import { cleanup, renderHook, waitFor } from "@testing-library/react";
import type { Interceptor } from "@connectrpc/connect";
import { create, mvccpb } from "@quorate/proto";
import type { QueryClient } from "@tanstack/react-query";
import type { ReactElement, ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterProvider, ConsoleProvider, createQueryClient } from "../../data/index.js";
import type { TransportFactory } from "../../data/index.js";
import { createFakeConsole } from "../../testing/fake-console.js";
import { encodeUtf8 } from "../../text/escape.js";
import { KeyEvents } from "./key-events.js";
import { useKey } from "./use-key.js";
import type { KeyState } from "./use-key.js";

afterEach(cleanup);

const key = encodeUtf8("k");

function within(
  transport: TransportFactory,
  queryClient: QueryClient,
): (props: { readonly children: ReactNode }) => ReactElement {
  return ({ children }) => (
    <ConsoleProvider transport={transport} queryClient={queryClient}>
      <ClusterProvider clusterId="">{children}</ClusterProvider>
    </ConsoleProvider>
  );
}

function textOf(state: KeyState | undefined): string | undefined {
  const value = state?.kv?.value;
  return value === undefined ? undefined : new TextDecoder().decode(value);
}

test("a key that changed while another one was shown is read again", async () => {
  const fake = createFakeConsole();
  fake.store.put(key, encodeUtf8("older"));
  const queryClient = createQueryClient();
  const events = new KeyEvents();
  const { result, rerender } = renderHook((shown: Uint8Array) => useKey(shown, 0n, events), {
    wrapper: within(fake.transport, queryClient),
    initialProps: key,
  });
  await waitFor(() => expect(textOf(result.current.data)).toBe("older"));
  rerender(encodeUtf8("another"));
  fake.store.put(key, encodeUtf8("newer"));
  rerender(key);
  await waitFor(() => expect(textOf(result.current.data)).toBe("newer"));
});

test("a key is read again when events may be missing", async () => {
  const fake = createFakeConsole();
  fake.store.put(key, encodeUtf8("older"));
  const events = new KeyEvents();
  const { result } = renderHook(() => useKey(key, 0n, events), {
    wrapper: within(fake.transport, createQueryClient()),
  });
  await waitFor(() => expect(textOf(result.current.data)).toBe("older"));
  fake.store.put(key, encodeUtf8("newer"));
  events.publishGap(fake.store.revision);
  await waitFor(() => expect(textOf(result.current.data)).toBe("newer"));
});

test.each([
  ["a put", mvccpb.Event_EventType.PUT, "newer"],
  ["a delete", mvccpb.Event_EventType.DELETE, undefined],
])(
  "%s that is heard of before the answer of an older read is not undone by it",
  async (_, type, expected) => {
    const fake = createFakeConsole();
    fake.store.put(key, encodeUtf8("older"));
    const held: (() => void)[] = [];
    const hold: Interceptor = (next) => async (request) => {
      const answer = await next(request);
      await new Promise<void>((resolve) => held.push(resolve));
      return answer;
    };
    const events = new KeyEvents();
    const { result } = renderHook(() => useKey(key, 0n, events), {
      wrapper: within((own) => fake.transport([...own, hold]), createQueryClient()),
    });
    await vi.waitUntil(() => held.length > 0);
    const modRevision = fake.store.revision + 1n;
    events.publish([
      create(mvccpb.EventSchema, { type, kv: { key, value: encodeUtf8("newer"), modRevision } }),
    ]);
    held[0]?.();
    await waitFor(() => expect(result.current.isFetching).toBe(false));
    expect(textOf(result.current.data)).toBe(expected);
    expect(result.current.data?.revision).toBe(modRevision);
  },
);
