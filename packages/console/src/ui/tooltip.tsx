import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement } from "react";
import "./overlay.css";

export interface TooltipProps {
  readonly text: string;
  /** One element that takes a ref and can have focus. The tooltip adds to its name, it never is its name. */
  readonly children: ReactElement;
  readonly side?: "top" | "bottom" | "left" | "right" | undefined;
}

/** A word or two on hover and focus. What a person must know does not belong here. */
export function Tooltip({ text, children, side = "bottom" }: TooltipProps): ReactElement {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="q-tooltip">{text}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
