import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import { classNames } from "./class-names.js";
import "./overlay.css";

export interface MenuItem {
  readonly label: string;
  readonly icon?: ReactNode;
  /** A second line that says what the action does. */
  readonly hint?: string | undefined;
  readonly tone?: "danger" | undefined;
  readonly disabled?: boolean | undefined;
  readonly onSelect: () => void;
}

export interface MenuProps {
  /** Name of the menu for assistive technology. */
  readonly label: string;
  /** A Button or IconButton. */
  readonly trigger: ReactElement;
  readonly items: readonly (MenuItem | "separator")[];
  readonly align?: "start" | "end" | undefined;
}

export function Menu({ label, trigger, items, align = "end" }: MenuProps): ReactElement {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="q-positioner" align={align} sideOffset={4} collisionPadding={8}>
          <Base.Popup className="q-popup" aria-label={label}>
            {items.map((item, at) =>
              item === "separator" ? (
                <div key={at} role="separator" className="q-separator" />
              ) : (
                <Base.Item
                  key={item.label}
                  className={classNames("q-item", item.tone === "danger" && "is-danger")}
                  disabled={item.disabled ?? false}
                  onClick={item.onSelect}
                >
                  {item.icon}
                  <span className="q-item-text">
                    {item.label}
                    {item.hint !== undefined && <span className="q-item-hint">{item.hint}</span>}
                  </span>
                </Base.Item>
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
