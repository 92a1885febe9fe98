// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState, type ReactElement } from "react";
import { afterEach, expect, test } from "vitest";
import { ShortcutProvider, useAllCommands, useCommands } from "./shortcuts.js";

afterEach(cleanup);

const ran: number[] = [];

function Counter({ isOff = false }: { readonly isOff?: boolean }): ReactElement {
  const [count, setCount] = useState(0);
  useCommands([
    { id: "run", label: "Run", group: "Test", keys: "mod+Enter", run: () => !isOff && void ran.push(count) },
  ]);
  return <button onClick={() => setCount(count + 1)}>{`count ${count}`}</button>;
}

function Palette(): ReactElement {
  const [command] = useAllCommands();
  return <button onClick={() => command?.run()}>palette</button>;
}

test("a shortcut and the palette do what the page shows, not what it showed when it was opened", () => {
  const page = (isOff: boolean): ReactElement => (
    <ShortcutProvider>
      <Counter isOff={isOff} />
      <Palette />
    </ShortcutProvider>
  );
  const { rerender } = render(page(false));
  const press = (): void => void act(() => fireEvent.keyDown(window, { key: "Enter", ctrlKey: true }));
  press();
  fireEvent.click(screen.getByRole("button", { name: "count 0" }));
  fireEvent.click(screen.getByRole("button", { name: "count 1" }));
  press();
  fireEvent.click(screen.getByRole("button", { name: "palette" }));
  expect(ran).toEqual([0, 2, 2]);
  rerender(page(true));
  press();
  expect(ran).toEqual([0, 2, 2]);
});
