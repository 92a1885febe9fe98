import { useState } from "react";

/** What Base UI asks when a dialog has gone: an element to focus, `null` for its own choice, `false` for none. */
export type ReturnFocus = () => HTMLElement | null | false;

/**
 * Whoever had the focus when a dialog opened gets it back when it closes, so that the next Tab goes on from there.
 *
 * The library looks who has the focus after the dialog is drawn, when a field with `autoFocus` has it already, and returns it to nobody.
 */
export function useReturnFocus(open: boolean): ReturnFocus {
  const [wasOpen, setWasOpen] = useState(false);
  const [opener, setOpener] = useState<Element | null>(null);
  if (open !== wasOpen) {
    setWasOpen(open);
    if (open) setOpener(document.activeElement);
  }
  return () => {
    const now = document.activeElement;
    // What took the focus meanwhile, such as the command that closed the dialog, keeps it.
    if (now !== null && now !== document.body && now.closest("[role=dialog], [role=menu]") === null)
      return false;
    const isThere = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
    return isThere ? opener : null;
  };
}
