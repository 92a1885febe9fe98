import type { ReactElement } from "react";

const width = 118;
const height = 18;

/** The last minute in bars of one second. The figure beside it says the same in words. */
export function RateCourse({ course }: { readonly course: readonly number[] }): ReactElement {
  const highest = Math.max(1, ...course);
  const step = width / course.length;
  return (
    <svg className="live-course" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      {course.map((count, at) => {
        const tall = count === 0 ? 0.5 : Math.max(1.5, (count / highest) * height);
        return (
          <rect key={at} x={at * step} y={height - tall} width={Math.max(1, step - 0.6)} height={tall} />
        );
      })}
    </svg>
  );
}
