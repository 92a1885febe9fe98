import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useState } from "react";
import type { ReactElement, ReactNode } from "react";
import { Button, IconButton } from "./button.js";
import { Callout, ErrorNote } from "./feedback.js";
import { TextField } from "./field.js";
import { classNames } from "./class-names.js";
import { WaitNote } from "./wait-note.js";
import { useReturnFocus } from "./use-return-focus.js";
import "./dialog.css";

export interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly description?: ReactNode;
  /** Buttons, the main one last. */
  readonly footer?: ReactNode;
  readonly size?: "s" | "m" | "l" | undefined;
  readonly children?: ReactNode;
}

/** A question or a form on top of the page. Escape and the backdrop close it; focus goes in and comes back. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  footer,
  size = "m",
  children,
}: DialogProps): ReactElement {
  const returnFocus = useReturnFocus(open);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="q-backdrop" />
        <Base.Popup className={classNames("q-dialog", `is-${size}`)} finalFocus={returnFocus}>
          <header className="q-dialog-head">
            <Base.Title className="q-dialog-title">{title}</Base.Title>
            <Base.Close render={<IconButton label="Close" icon={<X />} size="s" tooltip={false} />} />
          </header>
          {description !== undefined && (
            <Base.Description className="q-dialog-description" render={<div />}>
              {description}
            </Base.Description>
          )}
          {children !== undefined && <div className="q-dialog-body">{children}</div>}
          {footer !== undefined && <footer className="q-dialog-foot">{footer}</footer>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What will be different afterwards, spelled out. */
  readonly consequence: ReactNode;
  /** The verb: "Delete 12 keys", never "OK". */
  readonly confirmLabel: string;
  readonly tone?: "danger" | "default" | undefined;
  /** A text that has to be typed first, for what destroys much. */
  readonly mustType?: string | undefined;
  /** Not possible now, for a reason the consequence tells. */
  readonly disabled?: boolean | undefined;
  /** The dialog closes when it is done, and shows the error when it fails. */
  readonly onConfirm: () => Promise<unknown> | void;
  readonly children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps): ReactElement {
  const {
    open,
    onClose,
    title,
    consequence,
    confirmLabel,
    tone = "default",
    mustType,
    disabled,
    onConfirm,
  } = props;
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = (): void => {
    setTyped("");
    setError(undefined);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      close();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const locked = disabled === true || (mustType !== undefined && typed !== mustType);
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      size="s"
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            variant={tone === "danger" ? "danger" : "primary"}
            busy={busy}
            disabled={locked}
            onClick={() => void confirm()}
          >
            {confirmLabel}
          </Button>
        </>
      }
    >
      {tone === "danger" ? (
        <Callout tone="bad">{consequence}</Callout>
      ) : (
        <div className="q-consequence">{consequence}</div>
      )}
      {props.children}
      {mustType !== undefined && (
        <TextField
          mono
          label={`Type ${mustType} to go on`}
          value={typed}
          onChange={setTyped}
          onKeyDown={(event) => event.key === "Enter" && !locked && void confirm()}
        />
      )}
      {error !== undefined && <ErrorNote error={error} />}
      <WaitNote waiting={busy} />
    </Dialog>
  );
}
