// @vitest-environment happy-dom
import type { Interceptor } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { create, mvccpb } from "@quorate/proto";
import type { ReactElement } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { ClusterProvider, ConsoleProvider, createQueryClient } from "../../data/index.js";
import type { CodePaneProps } from "../../editor/code-pane.js";
import { createFakeConsole } from "../../testing/fake-console.js";
import { encodeUtf8 } from "../../text/escape.js";
import { ToastProvider } from "../../ui/index.js";
import { draftsOf } from "./drafts.js";
import { ValueEditor } from "./value-editor.js";

vi.mock("../../editor/code-pane.js", () => ({
  CodePane: ({ label, value, onChange, onSave }: CodePaneProps) => (
    <textarea
      aria-label={label}
      value={value}
      onChange={(event) => onChange?.(event.target.value)}
      onKeyDown={(event) => event.ctrlKey && event.key === "s" && onSave?.()}
    />
  ),
}));

afterEach(cleanup);

const key = encodeUtf8("k");
const as = (modRevision: bigint, value: string | Uint8Array): mvccpb.KeyValue =>
  create(mvccpb.KeyValueSchema, {
    key,
    value: typeof value === "string" ? encodeUtf8(value) : value,
    modRevision,
    createRevision: 2n,
    version: 1n,
  });

/** An editor of the key `k`, whose saves are answered when the test says so. */
function open() {
  const fake = createFakeConsole();
  fake.store.put(key, encodeUtf8("stored"));
  const before = as(fake.store.revision, "stored");
  const answers: (() => void)[] = [];
  const hold: Interceptor = (next) => async (request) => {
    const answer = await next(request);
    if (request.method.name === "Txn") await new Promise<void>((resolve) => answers.push(resolve));
    return answer;
  };
  const onDone = vi.fn();
  const queryClient = createQueryClient();
  const page = (kv?: mvccpb.KeyValue, isGone = false): ReactElement => (
    <ConsoleProvider transport={(own) => fake.transport([...own, hold])} queryClient={queryClient}>
      <ClusterProvider clusterId="">
        <ToastProvider>
          {kv !== undefined && <ValueEditor kv={kv} isGone={isGone} format="text" onDone={onDone} />}
        </ToastProvider>
      </ClusterProvider>
    </ConsoleProvider>
  );
  const { rerender } = render(page(before));
  return {
    fake,
    before,
    onDone,
    answers,
    drafts: draftsOf(queryClient, ""),
    show: (kv?: mvccpb.KeyValue, isGone?: boolean) => rerender(page(kv, isGone)),
  };
}

const field = (): HTMLTextAreaElement => screen.getByLabelText("Edit the value of k");
const type = (value: string): boolean => fireEvent.change(field(), { target: { value } });
const press = (name: string): boolean => fireEvent.click(screen.getByRole("button", { name }));
const stored = ({ fake }: ReturnType<typeof open>): string =>
  new TextDecoder().decode(fake.store.get("k")?.value);

test("a saved edit is not kept when the stored state arrives before the editor goes", async () => {
  const { fake, answers, onDone, drafts, show } = open();
  type("mine");
  press("Save");
  await vi.waitUntil(() => answers.length === 1);
  answers[0]?.();
  await waitFor(() => expect(onDone).toHaveBeenCalled());
  show(as(fake.store.revision, "mine"));
  show();
  expect(drafts.get(key)).toBeUndefined();
  expect(screen.queryByText("Your edit is kept")).toBeNull();
});

test("what is typed while a save is under way is not lost with it", async () => {
  const editor = open();
  type("first");
  press("Save");
  await vi.waitUntil(() => editor.answers.length === 1);
  type("first and second");
  editor.answers[0]?.();
  await screen.findByText("Saved");
  expect(editor.onDone).not.toHaveBeenCalled();
  expect(field().value).toBe("first and second");
  expect(stored(editor)).toBe("first");
  press("Save");
  await vi.waitUntil(() => editor.answers.length === 2);
  editor.answers[1]?.();
  await waitFor(() => expect(editor.onDone).toHaveBeenCalledOnce());
  expect(stored(editor)).toBe("first and second");
});

test("a save that ends after the person has gone on to another key ends nothing there", async () => {
  const { answers, onDone, drafts, show } = open();
  type("mine");
  press("Save");
  await vi.waitUntil(() => answers.length === 1);
  show();
  answers[0]?.();
  await screen.findByText("Saved");
  expect(onDone).not.toHaveBeenCalled();
  expect(drafts.get(key)).toBeUndefined();
});

test("a save that is refused after the person has gone on says so, and the edit is kept", async () => {
  const { fake, answers, drafts, show } = open();
  fake.store.put(key, encodeUtf8("theirs"));
  type("mine");
  press("Save");
  await vi.waitUntil(() => answers.length === 1);
  show();
  answers[0]?.();
  await screen.findAllByText("Your edit was not saved, and is kept");
  expect(drafts.get(key)?.text).toBe("mine");
});

test("saving twice at once saves once", async () => {
  const { answers, onDone } = open();
  type("mine");
  fireEvent.keyDown(field(), { key: "s", ctrlKey: true });
  fireEvent.keyDown(field(), { key: "s", ctrlKey: true });
  await vi.waitUntil(() => answers.length > 0);
  answers[0]?.();
  await waitFor(() => expect(onDone).toHaveBeenCalled());
  expect(answers.length).toBe(1);
});

test("the newest of the others' states is the one that is chosen from", async () => {
  const editor = open();
  const { fake, answers, show } = editor;
  fake.store.put(key, encodeUtf8("theirs"));
  type("mine");
  press("Save");
  await vi.waitUntil(() => answers.length === 1);
  answers[0]?.();
  await screen.findByText(`Changed meanwhile, at revision ${fake.store.revision}`);
  fake.store.put(key, encodeUtf8("theirs again"));
  show(as(fake.store.revision, "theirs again"));
  await screen.findByText(`Changed meanwhile, at revision ${fake.store.revision}`);
  press("Keep mine");
  press("Save");
  await vi.waitUntil(() => answers.length === 2);
  answers[1]?.();
  await waitFor(() => expect(editor.onDone).toHaveBeenCalled());
  expect(stored(editor)).toBe("mine");
});

test("what somebody made of the value is taken byte for byte, also when it is no text any more", async () => {
  const editor = open();
  const theirs = Uint8Array.of(0xff, 0, 1);
  editor.fake.store.put(key, theirs);
  editor.show(as(editor.fake.store.revision, theirs));
  await screen.findByText(/Changed meanwhile/);
  expect(screen.queryByRole("button", { name: "Compare" })).toBeNull();
  press("Take theirs");
  expect(field().value).toBe("ff 00 01");
  press("Save");
  await vi.waitUntil(() => editor.answers.length === 1);
  editor.answers[0]?.();
  await waitFor(() => expect(editor.onDone).toHaveBeenCalled());
  expect(editor.fake.store.get("k")?.value).toEqual(theirs);
});

test("a key that is deleted while it is edited can be made anew from what was typed", async () => {
  const editor = open();
  type("mine");
  editor.fake.store.revision += 1n;
  editor.fake.store.deleteAt("k");
  editor.show(editor.before, true);
  await screen.findByText("The key was deleted meanwhile");
  press("Make it anew");
  expect(screen.queryByText("The key was deleted meanwhile")).toBeNull();
  press("Save");
  await vi.waitUntil(() => editor.answers.length === 1);
  editor.answers[0]?.();
  await waitFor(() => expect(editor.onDone).toHaveBeenCalled());
  expect(stored(editor)).toBe("mine");
});
