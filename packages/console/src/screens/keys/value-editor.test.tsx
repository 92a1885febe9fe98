// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { create, mvccpb } from "@quorate/proto";
import type { ReactElement } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterProvider, ConsoleProvider, createQueryClient, useClients } from "../../data/index.js";
import type { Clients } from "../../data/index.js";
import { createFakeConsole } from "../../testing/fake-console.js";
import { encodeUtf8 } from "../../text/escape.js";
import { ToastProvider } from "../../ui/index.js";
import { draftsOf } from "./drafts.js";
import { ValueEditor } from "./value-editor.js";

afterEach(cleanup);

test("a saved edit is not kept when the stored state arrives before the editor goes", async () => {
  const fake = createFakeConsole();
  fake.store.put(encodeUtf8("k"), encodeUtf8("stored"));
  const stored = (modRevision: bigint, value: string): mvccpb.KeyValue =>
    create(mvccpb.KeyValueSchema, { key: encodeUtf8("k"), value: encodeUtf8(value), modRevision });
  const before = stored(fake.store.revision, "stored");
  const onDone = vi.fn();
  let clients: Clients | undefined;
  const queryClient = createQueryClient();
  function Editor({ kv }: { readonly kv: mvccpb.KeyValue }): ReactElement {
    clients = useClients();
    const drafts = draftsOf(clients);
    if (drafts.size === 0 && kv === before)
      drafts.keep(kv.key, { text: "mine", format: "text", base: before });
    return <ValueEditor kv={kv} format="text" onDone={onDone} />;
  }
  const page = (kv?: mvccpb.KeyValue): ReactElement => (
    <ConsoleProvider transport={fake.transport} queryClient={queryClient}>
      <ClusterProvider clusterId="">
        <ToastProvider>{kv !== undefined && <Editor kv={kv} />}</ToastProvider>
      </ClusterProvider>
    </ConsoleProvider>
  );
  const { rerender } = render(page(before));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(onDone).toHaveBeenCalled());
  rerender(page(stored(fake.store.revision, "mine")));
  rerender(page());
  if (clients === undefined) throw new Error("the editor was not drawn");
  expect(draftsOf(clients).get(encodeUtf8("k"))).toBeUndefined();
  expect(screen.queryByText("Your edit is kept")).toBeNull();
});
