/** Time and turns of the event loop, from Node. */
import type { ClockPort, SchedulerPort } from "../member/ports.js";

export const systemClock: ClockPort = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
};

export const systemScheduler: SchedulerPort = {
  // The check phase comes right after the sockets of this turn have been read: what they brought forms one group.
  soon: (task) => {
    setImmediate(task);
  },
  every: (intervalMs, task) => {
    const timer = setInterval(task, intervalMs);
    return () => clearInterval(timer);
  },
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
};
