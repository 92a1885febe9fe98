import { onAbort } from "./on-abort.js";

/**
 * One signal out of several. `AbortSignal.any` keeps what it has made alive as long as its sources; here `unlink` lets go, because
 * sources may live as long as the client.
 */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Aborts it, unless a source has. */
  abort(reason: unknown): void;
  /** Forgets the sources; the signal stays as it is. */
  unlink(): void;
}

export function linkSignals(sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const links: (() => void)[] = [];
  const unlink = (): void => {
    for (const link of links.splice(0)) link();
  };
  const abort = (reason: unknown): void => {
    unlink();
    controller.abort(reason);
  };
  for (const source of sources) {
    if (source === undefined) continue;
    if (controller.signal.aborted) break;
    links.push(onAbort(source, () => abort(source.reason)));
  }
  return { signal: controller.signal, abort, unlink };
}
