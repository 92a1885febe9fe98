// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { afterEach, expect, test } from "vitest";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { TextField } from "./field.js";

afterEach(cleanup);

function Page({ isKept }: { readonly isKept: boolean }): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Ask</Button>
      {(isKept || open) && (
        <Dialog open={open} onClose={() => setOpen(false)} title="Question">
          <TextField autoFocus label="Answer" value="" onChange={() => undefined} />
        </Dialog>
      )}
    </>
  );
}

test.each([
  ["stays in the page", true],
  ["goes with its question", false],
])("a dialog that %s gives the focus back to who opened it", async (_, isKept) => {
  render(<Page isKept={isKept} />);
  const opener = screen.getByRole("button", { name: "Ask" });
  opener.focus();
  fireEvent.click(opener);
  const field = await screen.findByLabelText("Answer");
  await waitFor(() => expect(document.activeElement).toBe(field));
  fireEvent.keyDown(field, { key: "Escape" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(opener));
});
