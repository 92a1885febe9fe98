import { useId } from "react";
import type { InputHTMLAttributes, ReactElement, ReactNode, Ref, TextareaHTMLAttributes } from "react";
import { classNames } from "./class-names.js";
import "./field.css";

/** What every labelled control shares. The label is always there for assistive technology. */
export interface FieldProps {
  readonly label: string;
  readonly hideLabel?: boolean | undefined;
  readonly description?: ReactNode;
  /** Replaces the description, marks the control invalid and is announced. */
  readonly error?: string | undefined;
}

interface FieldFrameProps extends FieldProps {
  readonly id: string;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

export function Field({
  id,
  label,
  hideLabel,
  description,
  error,
  className,
  children,
}: FieldFrameProps): ReactElement {
  const note = error ?? description;
  return (
    <div className={classNames("q-field", className)}>
      <label htmlFor={id} className={hideLabel === true ? "visually-hidden" : "q-label"}>
        {label}
      </label>
      {children}
      {note !== undefined && (
        <div
          id={`${id}-note`}
          className={classNames("q-note", error !== undefined && "is-error")}
          role={error === undefined ? undefined : "alert"}
        >
          {note}
        </div>
      )}
    </div>
  );
}

/** The attributes that tie a control to the note that `Field` shows beneath it. */
export function noteAttributes(
  id: string,
  { error, description }: FieldProps,
): { "aria-invalid": true | undefined; "aria-describedby": string | undefined } {
  return {
    "aria-invalid": error === undefined ? undefined : true,
    "aria-describedby": error === undefined && description === undefined ? undefined : `${id}-note`,
  };
}

type InputRest = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value" | "id">;

export interface TextFieldProps extends FieldProps, InputRest {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** For keys, values, ids and numbers that are compared by eye. */
  readonly mono?: boolean | undefined;
  /** An icon in front, a button or a unit behind. */
  readonly leading?: ReactNode;
  readonly trailing?: ReactNode;
  readonly ref?: Ref<HTMLInputElement> | undefined;
}

export function TextField(props: TextFieldProps): ReactElement {
  const {
    label,
    hideLabel,
    description,
    error,
    value,
    onChange,
    mono,
    leading,
    trailing,
    className,
    ref,
    ...rest
  } = props;
  const id = useId();
  return (
    <Field {...{ id, label, hideLabel, description, error, className }}>
      <div className={classNames("q-input", mono === true && "is-mono")}>
        {leading}
        <input
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...noteAttributes(id, props)}
          id={id}
          ref={ref}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
        {trailing}
      </div>
    </Field>
  );
}

type AreaRest = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange" | "value" | "id">;

export interface TextAreaProps extends FieldProps, AreaRest {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly mono?: boolean | undefined;
}

export function TextArea(props: TextAreaProps): ReactElement {
  const { label, hideLabel, description, error, value, onChange, mono, className, ...rest } = props;
  const id = useId();
  return (
    <Field {...{ id, label, hideLabel, description, error, className }}>
      <textarea
        spellCheck={false}
        rows={5}
        {...rest}
        {...noteAttributes(id, props)}
        id={id}
        className={classNames("q-area", mono === true && "is-mono")}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
