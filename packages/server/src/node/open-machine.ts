/** Opens an engine, and builds a state machine on what is in it. */
import type { Engine } from "@quorate/machine";
import { RocksEngine, WorkerEngine } from "@quorate/storage";
import { loadMachine, type MachineState } from "./live-machine.js";
import type { StartOptions } from "./start-server.js";

export type EngineOpener = (path: string) => Promise<Engine>;

/** In a thread of its own where the built thread is at hand. */
export function engineOpener({ engineThreadFile }: Pick<StartOptions, "engineThreadFile">): EngineOpener {
  return (path) =>
    engineThreadFile === undefined ? RocksEngine.open(path) : WorkerEngine.open(path, engineThreadFile);
}

export async function openMachine(options: StartOptions, enginePath: string): Promise<MachineState> {
  const engine = await engineOpener(options)(enginePath);
  try {
    return await loadMachine(engine, options.config);
  } catch (error) {
    await engine.close();
    throw error;
  }
}
