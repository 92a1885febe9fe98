import { Check, Copy, SquareTerminal } from "lucide-react";
import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { Button, IconButton } from "./button.js";
import { Menu } from "./menu.js";
import { useToast } from "./toast.js";

const confirmMs = 1500;

/** Writes to the clipboard, also where the page is served without TLS and the modern way is closed. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser did not allow copying.");
}

export interface CopyButtonProps {
  /** What is copied: "Copy key". */
  readonly label: string;
  readonly text: string | (() => string);
}

export function CopyButton({ label, text }: CopyButtonProps): ReactElement {
  const [done, setDone] = useState(false);
  const toast = useToast();
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), confirmMs);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async (): Promise<void> => {
    try {
      await copyText(typeof text === "string" ? text : text());
      setDone(true);
    } catch (error) {
      toast.failure("Nothing was copied", error);
    }
  };
  return (
    <IconButton
      label={done ? "Copied" : label}
      size="s"
      icon={done ? <Check /> : <Copy />}
      onClick={() => void copy()}
    />
  );
}

export interface CopyAsProps {
  readonly etcdctl: string | (() => string);
  readonly typescript: string | (() => string);
  /** Further things to copy, such as the value. */
  readonly more?: readonly { readonly label: string; readonly text: string | (() => string) }[] | undefined;
  readonly size?: "m" | "s" | undefined;
}

/** What is on the screen as a command or as code. */
export function CopyAs({ etcdctl, typescript, more = [], size = "s" }: CopyAsProps): ReactElement {
  const toast = useToast();
  const choices = [
    { label: "Copy as etcdctl", text: etcdctl },
    { label: "Copy as TypeScript", text: typescript },
    ...more,
  ];
  const copy = async (label: string, text: string | (() => string)): Promise<void> => {
    const content = typeof text === "string" ? text : text();
    try {
      await copyText(content);
      toast.success(
        label.replace("Copy", "Copied"),
        content.length > 160 ? `${content.slice(0, 160)}…` : content,
      );
    } catch (error) {
      toast.failure("Nothing was copied", error);
    }
  };
  return (
    <Menu
      label="Copy as"
      trigger={
        <Button size={size} variant="quiet" icon={<SquareTerminal />}>
          Copy as
        </Button>
      }
      items={choices.map(({ label, text }) => ({
        label,
        icon: <Copy aria-hidden />,
        onSelect: () => void copy(label, text),
      }))}
    />
  );
}
