import type { ButtonHTMLAttributes, ReactElement, ReactNode, Ref } from "react";
import { classNames } from "./class-names.js";
import { Spinner } from "./spinner.js";
import { Tooltip } from "./tooltip.js";
import "./button.css";

export type ButtonVariant = "default" | "primary" | "quiet" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** One `primary` per view at most; `danger` for what cannot be taken back; `quiet` inside rows and bars. */
  readonly variant?: ButtonVariant | undefined;
  readonly size?: "m" | "s" | undefined;
  /** A lucide icon, 15 px. */
  readonly icon?: ReactNode;
  /** Shows a spinner and takes no clicks; the button keeps focus and its name. */
  readonly busy?: boolean | undefined;
  readonly ref?: Ref<HTMLButtonElement> | undefined;
}

export function Button(props: ButtonProps): ReactElement {
  const {
    variant = "default",
    size = "m",
    icon,
    busy = false,
    className,
    children,
    onClick,
    ...rest
  } = props;
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={busy || rest["aria-disabled"] || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={classNames("q-button", `is-${variant}`, size === "s" && "is-small", className)}
    >
      {busy ? <Spinner /> : icon}
      {children !== undefined && <span className="q-button-text">{children}</span>}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children"> {
  /** The name for assistive technology, and the tooltip. */
  readonly label: string;
  /** Shown behind the label in the tooltip, such as `Ctrl K`. */
  readonly shortcut?: string | undefined;
  readonly tooltip?: boolean | undefined;
}

export function IconButton(props: IconButtonProps): ReactElement {
  const { label, shortcut, className, tooltip = true, variant = "quiet", ...rest } = props;
  const button = (
    <Button
      {...rest}
      variant={variant}
      aria-label={label}
      className={classNames("q-icon-button", className)}
    />
  );
  if (!tooltip) return button;
  return <Tooltip text={shortcut === undefined ? label : `${label} (${shortcut})`}>{button}</Tooltip>;
}
