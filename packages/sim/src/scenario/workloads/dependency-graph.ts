/** Who came before whom, and why; cycles in it. */

/** Reasons, as bits: a later write of the same list, a read of a write, a write behind a read, and time. */
export const EDGE = { ww: 1, wr: 2, rw: 4, time: 8 } as const;

export class DependencyGraph {
  /** By node: pairs of the other node and the reason, one behind the other. */
  readonly #edges: number[][] = [];

  constructor(nodeCount: number) {
    for (let i = 0; i < nodeCount; i++) this.#edges.push([]);
  }

  addNode(): number {
    return this.#edges.push([]) - 1;
  }

  add(from: number, to: number, reason: number): void {
    if (from !== to) this.#edges[from]?.push(to, reason);
  }

  *edges(): Generator<readonly [from: number, to: number, reason: number]> {
    for (const [from, row] of this.#edges.entries())
      for (let i = 0; i < row.length; i += 2) yield [from, row[i]!, row[i + 1]!];
  }

  /**
   * A shortest cycle through some node of a strongly connected part, with edges of the given reasons only.
   * @returns its edges in order, or undefined when there is no cycle.
   */
  findCycle(reasons: number): readonly (readonly [from: number, to: number, reason: number])[] | undefined {
    const component = this.#components(reasons);
    let best: (readonly [number, number, number])[] | undefined;
    const tried = new Set<number>();
    for (const [from, to, reason] of this.edges()) {
      if ((reason & reasons) === 0 || component[from] !== component[to] || tried.has(from)) continue;
      tried.add(from);
      const path = this.#shortestPath(to, from, { reasons, component });
      if (path === undefined) continue;
      const cycle = [[from, to, reason] as const, ...path];
      if (best === undefined || cycle.length < best.length) best = cycle;
      if (tried.size >= STARTS_MAX) break;
    }
    return best;
  }

  #shortestPath(
    from: number,
    to: number,
    { reasons, component }: { reasons: number; component: Int32Array },
  ): (readonly [number, number, number])[] | undefined {
    const cameFrom = new Map<number, readonly [number, number, number]>();
    const queue = [from];
    for (const node of queue) {
      if (node === to) {
        const path: (readonly [number, number, number])[] = [];
        for (let at = to; at !== from;) {
          const step = cameFrom.get(at);
          if (step === undefined) throw new Error("a path without a beginning");
          path.unshift(step);
          at = step[0];
        }
        return path;
      }
      const row = this.#edges[node] ?? [];
      for (let i = 0; i < row.length; i += 2) {
        const next = row[i]!;
        const reason = row[i + 1]!;
        if ((reason & reasons) === 0 || component[next] !== component[to]) continue;
        if (next === from || cameFrom.has(next)) continue;
        cameFrom.set(next, [node, next, reason]);
        queue.push(next);
      }
    }
    return undefined;
  }

  /** Tarjan's algorithm with a stack of its own: histories are deeper than the engine's. @returns the part that each node is in. */
  #components(reasons: number): Int32Array {
    const count = this.#edges.length;
    const component = new Int32Array(count).fill(-1);
    const order = new Int32Array(count).fill(-1);
    const low = new Int32Array(count);
    const open: number[] = [];
    const walk: { node: number; at: number }[] = [];
    let visited = 0;
    let parts = 0;
    for (let root = 0; root < count; root++) {
      if (order[root] !== -1) continue;
      walk.push({ node: root, at: 0 });
      while (walk.length > 0) {
        const frame = walk[walk.length - 1]!;
        const { node } = frame;
        if (frame.at === 0) {
          order[node] = low[node] = visited++;
          open.push(node);
        }
        const row = this.#edges[node]!;
        let isDeeper = false;
        while (frame.at < row.length) {
          const next = row[frame.at]!;
          const reason = row[frame.at + 1]!;
          frame.at += 2;
          if ((reason & reasons) === 0) continue;
          if (order[next] === -1) {
            walk.push({ node: next, at: 0 });
            isDeeper = true;
            break;
          }
          if (component[next] === -1) low[node] = Math.min(low[node]!, order[next]!);
        }
        if (isDeeper) continue;
        walk.pop();
        const above = walk.at(-1);
        if (above !== undefined) low[above.node] = Math.min(low[above.node]!, low[node]!);
        if (low[node] !== order[node]) continue;
        for (;;) {
          const member = open[open.length - 1]!;
          open.length -= 1;
          component[member] = parts;
          if (member === node) break;
        }
        parts += 1;
      }
    }
    return component;
  }
}

/** Cycles are looked for from so many nodes: a broken store has thousands of them, and one is enough. */
const STARTS_MAX = 200;
