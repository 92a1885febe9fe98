/**
 * What changed between two short texts, line by line: longest common subsequence, as people expect from a diff. Values in a store are
 * small; beyond the limit the texts are shown one after the other instead of keeping the page busy.
 */

export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Lines of either side that are compared; the work grows with their product. */
const LINES_MAX = 2000;

export function diffLines(before: string, after: string): DiffLine[] {
  const left = before.split("\n");
  const right = after.split("\n");
  const head = commonHead(left, right);
  const tail = commonTail(left, right, head);
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [
    ...left.slice(0, head).map(same),
    ...diffMiddle(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...left.slice(left.length - tail).map(same),
  ];
}

function commonHead(left: readonly string[], right: readonly string[]): number {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  return head;
}

function commonTail(left: readonly string[], right: readonly string[], head: number): number {
  let tail = 0;
  const most = Math.min(left.length, right.length) - head;
  while (tail < most && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  return tail;
}

function diffMiddle(left: readonly string[], right: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (left.length === 0 || right.length === 0 || left.length > LINES_MAX || right.length > LINES_MAX) {
    return [...left.map(removed), ...right.map(added)];
  }
  // longest[i * width + j]: common lines of left from i on and right from j on.
  const width = right.length + 1;
  const longest = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        left[i] === right[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      lines.push({ kind: "same", text: left[i]! });
      i++;
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) lines.push(removed(left[i++]!));
    else lines.push(added(right[j++]!));
  }
  return [...lines, ...left.slice(i).map(removed), ...right.slice(j).map(added)];
}
