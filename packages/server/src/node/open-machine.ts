/** Opens an engine, and builds a state machine on what is in it. */
import { loadMachine, type MachineState } from "./live-machine.js";
import type { StartOptions } from "./start-server.js";
import type { World } from "./world.js";

export async function openMachine(
  { config }: Pick<StartOptions, "config">,
  world: World,
  enginePath: string,
): Promise<MachineState> {
  const engine = await world.openEngine(enginePath);
  try {
    return await loadMachine(engine, config, world);
  } catch (error) {
    await engine.close();
    throw error;
  }
}
