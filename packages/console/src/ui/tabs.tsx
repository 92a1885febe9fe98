import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactElement, ReactNode } from "react";
import { formatCount } from "../text/format.js";
import { classNames } from "./class-names.js";
import "./tabs.css";

export interface TabItem<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly count?: number | undefined;
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly items: readonly TabItem<T>[];
  /** Stands at the end of the line of tabs. */
  readonly actions?: ReactNode;
  readonly className?: string | undefined;
  /** The panel of the chosen tab. */
  readonly children: (value: T) => ReactNode;
}

export function Tabs<T extends string>(props: TabsProps<T>): ReactElement {
  const { label, value, onChange, items, actions, className, children } = props;
  return (
    <Base.Root
      className={classNames("q-tabs", className)}
      value={value}
      onValueChange={(next: T) => onChange(next)}
    >
      <div className="q-tabs-line">
        <Base.List className="q-tabs-list" aria-label={label}>
          {items.map((item) => (
            <Base.Tab key={item.value} value={item.value} className="q-tab">
              {item.icon}
              {item.label}
              {item.count !== undefined && <span className="q-tab-count">{formatCount(item.count)}</span>}
            </Base.Tab>
          ))}
        </Base.List>
        {actions}
      </div>
      <Base.Panel key={value} value={value} className="q-tab-panel" tabIndex={-1}>
        {children(value)}
      </Base.Panel>
    </Base.Root>
  );
}
