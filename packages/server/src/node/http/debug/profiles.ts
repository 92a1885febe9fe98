/** Profiles of this process, through the inspector that Node has built in; no port is opened for it. One at a time. */
import type { Session } from "node:inspector/promises";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

export interface Profile {
  readonly name: string;
  readonly file: string;
  readonly help: string;
  readonly secondsDefault: number;
  /** Longer ones would grow without end. */
  readonly secondsMax: number;
}

const SECONDS_MAX = 300;

export const PROFILES: readonly (Profile & { readonly name: "profile" | "heap" | "heapsnapshot" })[] = [
  {
    name: "profile",
    file: "quorate.cpuprofile",
    help: "where processor time goes; 30 s unless said otherwise",
    secondsDefault: 30,
    secondsMax: SECONDS_MAX,
  },
  {
    name: "heap",
    file: "quorate.heapprofile",
    help: "who allocates, by samples; 10 s unless said otherwise",
    secondsDefault: 10,
    secondsMax: SECONDS_MAX,
  },
  {
    name: "heapsnapshot",
    file: "quorate.heapsnapshot",
    help: "everything in memory. The member stands still while it is taken, by and large a second for 100 MB, and may lose its leadership",
    secondsDefault: 0,
    secondsMax: 0,
  },
];

export interface TakeOptions {
  readonly seconds: number;
  /** Ends the taking early; what has been taken by then is nobody's. */
  readonly signal: AbortSignal;
}

export class ProfileTaker {
  #isBusy = false;

  async take(profile: (typeof PROFILES)[number], options: TakeOptions): Promise<string | Readable | "busy"> {
    if (this.#isBusy) return "busy";
    this.#isBusy = true;
    if (profile.name === "heapsnapshot") return this.#snapshot();
    try {
      return await (profile.name === "profile" ? takeProcessorProfile(options) : takeHeapProfile(options));
    } finally {
      this.#isBusy = false;
    }
  }

  /** The next one may begin when this one has been read or given up. */
  async #snapshot(): Promise<Readable> {
    try {
      const { getHeapSnapshot } = await import("node:v8");
      return getHeapSnapshot().on("close", () => (this.#isBusy = false));
    } catch (error) {
      this.#isBusy = false;
      throw error;
    }
  }
}

async function takeProcessorProfile({ seconds, signal }: TakeOptions): Promise<string> {
  const session = await openSession();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await pause(seconds, signal);
    return JSON.stringify((await session.post("Profiler.stop")).profile);
  } finally {
    session.disconnect();
  }
}

async function takeHeapProfile({ seconds, signal }: TakeOptions): Promise<string> {
  const session = await openSession();
  try {
    await session.post("HeapProfiler.enable");
    await session.post("HeapProfiler.startSampling");
    await pause(seconds, signal);
    return JSON.stringify((await session.post("HeapProfiler.stopSampling")).profile);
  } finally {
    session.disconnect();
  }
}

/** Loaded for those alone who want it. */
async function openSession(): Promise<Session> {
  const inspector = await import("node:inspector/promises");
  const session = new inspector.Session();
  session.connect();
  return session;
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  // Who has left needs no profile, and the next one may begin.
  await sleep(seconds * 1000, undefined, { signal, ref: false }).catch(() => undefined);
}
