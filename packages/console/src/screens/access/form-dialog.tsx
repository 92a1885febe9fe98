import { useId } from "react";
import type { FormEvent, ReactElement, ReactNode } from "react";
import { Button, Dialog, ErrorNote, WaitNote } from "../../ui/index.js";

export interface FormDialogProps {
  readonly title: string;
  readonly description?: string;
  /** The verb on the button. */
  readonly submitLabel: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A form on top of the page; Enter submits it. */
export function FormDialog(props: FormDialogProps): ReactElement {
  const { title, description, submitLabel, busy, error, onSubmit, onClose, children } = props;
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <Dialog
      open
      size="s"
      onClose={onClose}
      title={title}
      description={description}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" busy={busy}>
            {submitLabel}
          </Button>
        </>
      }
    >
      <form id={id} className="access-form" onSubmit={submit}>
        {children}
        {error !== undefined && <ErrorNote error={error} />}
        <WaitNote waiting={busy} />
      </form>
    </Dialog>
  );
}
