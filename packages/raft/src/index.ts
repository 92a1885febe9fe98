/** The consensus core: step, tick, ready. */
export {};
