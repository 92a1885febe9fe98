/**
 * Listeners of signals that live long and have many: one registration with the signal, a set behind it. Runtimes warn of signals with
 * more than a few listeners, and take their time to find one that leaves.
 */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `listener` once when `signal` aborts, at once if it has. @returns what forgets the listener. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  const set = listeners.get(signal) ?? startListening(signal);
  // A wrapper of its own, so that one function may listen twice.
  const entry = (): void => listener();
  set.add(entry);
  return () => void set.delete(entry);
}

function startListening(signal: AbortSignal): Set<() => void> {
  const set = new Set<() => void>();
  listeners.set(signal, set);
  signal.addEventListener(
    "abort",
    () => {
      const all = [...set];
      set.clear();
      for (const listener of all) listener();
    },
    { once: true },
  );
  return set;
}
