import { useRef, useState } from "react";
import type { KeyboardEvent, PointerEvent, ReactElement, ReactNode } from "react";
import "./splitter.css";

export interface SplitterProps {
  /** What is being resized: "Width of the key list". */
  readonly label: string;
  /** The width is remembered under this name. */
  readonly name: string;
  readonly start: ReactNode;
  readonly end: ReactNode;
  readonly startPxMin?: number | undefined;
  readonly startPxMax?: number | undefined;
  readonly startPx?: number | undefined;
}

const stepPx = 24;

/** Two panes and a handle between them, for pointer and arrow keys. */
export function Splitter(props: SplitterProps): ReactElement {
  const { label, name, start, end, startPxMin = 220, startPxMax = 720, startPx = 380 } = props;
  const [width, setWidth] = useState(() => readWidth(name) ?? startPx);
  const drag = useRef<{ x: number; width: number }>(undefined);
  const change = (next: number): void => {
    const clamped = Math.round(Math.min(startPxMax, Math.max(startPxMin, next)));
    setWidth(clamped);
    localStorage.setItem(storageName(name), String(clamped));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    change(width + (event.key === "ArrowLeft" ? -stepPx : stepPx));
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width };
  };
  return (
    <div className="q-splitter" style={{ gridTemplateColumns: `${width}px 1px minmax(0, 1fr)` }}>
      <div className="q-splitter-pane">{start}</div>
      <div
        className="q-splitter-handle"
        role="separator"
        aria-orientation="vertical"
        aria-label={label}
        aria-valuenow={width}
        aria-valuemin={startPxMin}
        aria-valuemax={startPxMax}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={(event) => drag.current && change(drag.current.width + event.clientX - drag.current.x)}
        onPointerUp={() => (drag.current = undefined)}
        onDoubleClick={() => change(startPx)}
      />
      <div className="q-splitter-pane">{end}</div>
    </div>
  );
}

function storageName(name: string): string {
  return `quorate.split.${name}`;
}

function readWidth(name: string): number | undefined {
  const stored = Number(localStorage.getItem(storageName(name)));
  return Number.isFinite(stored) && stored > 0 ? stored : undefined;
}
