import { CircleAlert, CircleCheck, Info, RotateCw, TriangleAlert } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { describeError } from "../data/errors.js";
import { Button } from "./button.js";
import { classNames } from "./class-names.js";
import "./feedback.css";

export type Tone = "neutral" | "accent" | "good" | "warn" | "bad" | "info";

export interface BadgeProps {
  readonly tone?: Tone | undefined;
  /** A dot in front, for states that a thing is in. */
  readonly dot?: boolean | undefined;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
}

/** A word or a number about a thing. Colour only repeats what the word says. */
export function Badge({ tone = "neutral", dot = false, icon, children }: BadgeProps): ReactElement {
  return (
    <span className={classNames("q-badge", `tone-${tone}`)}>
      {dot && <span className="q-dot" />}
      {icon}
      {children}
    </span>
  );
}

const calloutIcons: Readonly<Record<Tone, typeof Info>> = {
  neutral: Info,
  accent: Info,
  info: Info,
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
};

export interface CalloutProps {
  readonly tone?: Tone | undefined;
  readonly title?: string | undefined;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly role?: "alert" | "status" | undefined;
}

/** A few sentences that matter for what is next to them. */
export function Callout({ tone = "info", title, children, actions, role }: CalloutProps): ReactElement {
  const Icon = calloutIcons[tone];
  return (
    <div className={classNames("q-callout", `tone-${tone}`)} role={role}>
      <Icon size={16} aria-hidden />
      <div className="q-callout-text">
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
      {actions !== undefined && <div className="q-callout-actions">{actions}</div>}
    </div>
  );
}

/** What went wrong, in words, where it went wrong. */
export function ErrorNote({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactElement {
  const { title, detail } = describeError(error);
  return (
    <Callout
      tone="bad"
      title={title}
      role="alert"
      actions={
        onRetry === undefined ? undefined : (
          <Button size="s" icon={<RotateCw />} onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      {detail}
    </Callout>
  );
}

/** The same in place of a whole view that could not be read. */
export function ErrorState({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
}): ReactElement {
  return (
    <div className="q-error-state">
      <ErrorNote error={error} {...(onRetry === undefined ? {} : { onRetry })} />
    </div>
  );
}

export interface EmptyStateProps {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** Nothing is here, why, and what a person could do about it. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps): ReactElement {
  return (
    <div className="q-empty">
      {icon !== undefined && (
        <div className="q-empty-icon" aria-hidden>
          {icon}
        </div>
      )}
      <p className="q-empty-title">{title}</p>
      {children !== undefined && <div className="q-empty-text">{children}</div>}
      {action}
    </div>
  );
}
