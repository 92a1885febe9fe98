import type UPlot from "uplot";
import type { Unit } from "./catalog.js";
import { formatFigure, formatMoment } from "./format.js";

/**
 * The figures under the crosshair, in a note that follows it. It is drawn in every chart at once, because the crosshair is shared, but
 * only the chart under the pointer shows the time.
 */
export function createCursorNote(unit: Unit): UPlot.Plugin {
  const note = document.createElement("div");
  note.className = "metrics-note";
  note.setAttribute("aria-hidden", "true");
  return {
    hooks: {
      init: (plot) => void plot.over.append(note),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        const time = idx == null ? undefined : plot.data[0][idx];
        note.hidden = idx == null || left < 0 || time === undefined;
        if (note.hidden || idx == null || time === undefined) return;
        note.replaceChildren(timeLine(time), ...figureLines(plot, idx, unit));
        const room = plot.over.clientWidth;
        note.style.left = left > room / 2 ? "" : `${left + 8}px`;
        note.style.right = left > room / 2 ? `${room - left + 8}px` : "";
      },
    },
  };
}

function timeLine(seconds: number): HTMLElement {
  const line = document.createElement("div");
  line.className = "metrics-note-time";
  line.textContent = formatMoment(seconds, "second");
  return line;
}

function figureLines(plot: UPlot, at: number, unit: Unit): HTMLElement[] {
  return plot.series.slice(1).map((series, index) => {
    const line = document.createElement("div");
    line.className = "metrics-note-line";
    const mark = document.createElement("i");
    // uPlot turns colours into functions of the chart.
    const stroke: unknown =
      typeof series.stroke === "function" ? series.stroke(plot, index + 1) : series.stroke;
    if (typeof stroke === "string") mark.style.background = stroke;
    const name = document.createElement("span");
    name.textContent = typeof series.label === "string" ? series.label : "";
    const figure = document.createElement("b");
    figure.textContent = formatFigure(unit, plot.data[index + 1]?.[at] ?? null);
    line.append(mark, name, figure);
    return line;
  });
}
