import type { ReactElement, ReactNode } from "react";
import { classNames } from "./class-names.js";
import type { Tone } from "./feedback.js";
import "./layout.css";

export interface PageHeaderProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
}

/** The one h1 of a screen. */
export function PageHeader({ title, description, actions }: PageHeaderProps): ReactElement {
  return (
    <header className="q-page-header">
      <div className="q-page-title">
        <h1>{title}</h1>
        {description !== undefined && <p>{description}</p>}
      </div>
      {actions !== undefined && <div className="q-actions">{actions}</div>}
    </header>
  );
}

/** A scrolling page of at most a readable width, for screens that are not one tool filling the window. */
export function Page({
  children,
  wide = false,
}: {
  readonly children: ReactNode;
  readonly wide?: boolean;
}): ReactElement {
  return (
    <div className="q-page" tabIndex={-1}>
      <div className={classNames("q-page-inner", wide && "is-wide")}>{children}</div>
    </div>
  );
}

export interface PanelProps {
  readonly title?: string | undefined;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  /** No padding inside, for tables and lists. */
  readonly flush?: boolean | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A part of a page with its own heading. */
export function Panel({
  title,
  description,
  actions,
  flush = false,
  className,
  children,
}: PanelProps): ReactElement {
  return (
    <section className={classNames("q-panel", className)}>
      {(title !== undefined || actions !== undefined) && (
        <div className="q-panel-head">
          <div>
            {title !== undefined && <h2>{title}</h2>}
            {description !== undefined && <p>{description}</p>}
          </div>
          {actions !== undefined && <div className="q-actions">{actions}</div>}
        </div>
      )}
      <div className={classNames("q-panel-body", flush && "is-flush")}>{children}</div>
    </section>
  );
}

export interface StatProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly detail?: ReactNode;
  readonly tone?: Tone | undefined;
}

export function Stat({ label, value, detail, tone }: StatProps): ReactElement {
  return (
    <div className={classNames("q-stat", tone !== undefined && `tone-${tone}`)}>
      <div className="q-stat-label">{label}</div>
      <div className="q-stat-value">{value}</div>
      {detail !== undefined && <div className="q-stat-detail">{detail}</div>}
    </div>
  );
}

/** Stats side by side, as many as fit. */
export function Stats({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="q-stats">{children}</div>;
}

export interface DescriptionItem {
  readonly label: string;
  readonly value: ReactNode;
}

export function DescriptionList({ items }: { readonly items: readonly DescriptionItem[] }): ReactElement {
  return (
    <dl className="q-facts">
      {items.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Kbd({ children }: { readonly children: ReactNode }): ReactElement {
  return <kbd className="q-kbd">{children}</kbd>;
}
