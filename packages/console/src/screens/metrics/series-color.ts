/** Colours repeat beyond this many lines; the legend then tells them apart by their order. */
export const SERIES_COLORS = 8;

/** A token of the design system. @param at place of the line, so that a member has one colour in all charts. */
export function seriesColor(at: number): string {
  return `var(--series-${(at % SERIES_COLORS) + 1})`;
}
