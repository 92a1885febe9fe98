/** Databases as files: interim. */
import type { ClusterRecord } from "@quorate/machine";
import type { DataDir } from "@quorate/storage";
import type { SpooledDatabase } from "../member/outgoing-snapshots.js";
import type { LiveMachine, MachineState } from "./live-machine.js";
import type { StartOptions } from "./start-server.js";

export function importMachine(_o: StartOptions, _file: string, _path: string): Promise<MachineState> {
  return Promise.reject(new Error("databases can't be imported yet"));
}

export function openSpool(_dataDir: DataDir, _machine: LiveMachine): () => Promise<SpooledDatabase> {
  return () => Promise.reject(new Error("databases can't be written yet"));
}

export function formatOldSnapshot(_cluster: ClusterRecord): Uint8Array {
  return new Uint8Array(0);
}
