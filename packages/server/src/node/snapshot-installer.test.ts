import type { SnapshotMetadata } from "@quorate/raft";
import { expect, test } from "vitest";
import type { Reception } from "../member/peer-ports.js";
import type { LiveMachine, MachineState } from "./live-machine.js";
import { SnapshotInstaller } from "./snapshot-installer.js";
import { systemScheduler } from "./system-ports.js";
import { SILENT } from "./testing/silent-logger.js";

const metadataOf = (index: number): SnapshotMetadata => ({
  index,
  term: 2,
  confState: { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
});

/** A machine of which only the index, and whether it is open, is of interest. */
function stateAt(index: number, steps: string[]): MachineState {
  const engine = {
    close: () => {
      steps.push(`close ${index}`);
      return Promise.resolve();
    },
  };
  const store = { consistentIndex: index, flushPending: () => Promise.resolve(), hasOpenViews: false };
  return { engine, store } as unknown as MachineState;
}

function createBed(): { installer: SnapshotInstaller; steps: string[] } {
  const steps: string[] = [];
  let current = stateAt(1, steps);
  let folders = 0;
  const machine = {
    get store() {
      return current.store;
    },
    replace: (next: MachineState) => {
      const old = current;
      current = next;
      steps.push(`replace by ${next.store.consistentIndex}`);
      return old;
    },
  } as unknown as LiveMachine;
  const installer = new SnapshotInstaller({
    dataDir: {
      prepareDatabase: () => Promise.resolve(`folder ${(folders += 1)}`),
      activateDatabase: (path) => {
        steps.push(`activate ${path}`);
        return Promise.resolve();
      },
      removeInactiveDatabases: () => Promise.resolve(),
      purgeReceived: () => Promise.resolve(),
    },
    machine,
    scheduler: systemScheduler,
    logger: SILENT,
    load: ({ metadata }) => {
      steps.push(`load ${metadata.index}`);
      return Promise.resolve(stateAt(metadata.index, steps));
    },
    onReplaced: () => undefined,
  });
  return { installer, steps };
}

const record = (): Promise<void> => Promise.resolve();

test("a second database waits until raft has installed the first", async () => {
  const { installer, steps } = createBed();
  let installed: Promise<void> | undefined;
  const first = installer.take(metadataOf(200), "file", (): Reception => {
    // As the driver does in its next turn.
    setImmediate(() => {
      installer.claim(200);
      installed = new Promise((resolve) => setTimeout(resolve, 20)).then(() =>
        installer.install(metadataOf(200), record),
      );
    });
    return "accepted";
  });
  const second = installer.take(metadataOf(300), "file", () => "accepted");
  expect(await first).toBe("accepted");
  await installed;
  expect(await second).toBe("accepted");
  await installer.close();
  expect(steps).toEqual([
    "load 200",
    "activate folder 1",
    "replace by 200",
    "load 300",
    // Raft did not want it.
    "close 300",
    "close 1",
  ]);
});

test("a stop while raft makes up its mind leaves nothing open but the present machine", async () => {
  const { installer, steps } = createBed();
  const taken = installer.take(metadataOf(200), "file", (): Reception => {
    setImmediate(() => installer.claim(200));
    return "accepted";
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await installer.close();
  expect(await taken).toBe("accepted");
  expect(steps).toEqual(["load 200", "close 200"]);
});

test("what was not made ready can't be installed", async () => {
  const { installer } = createBed();
  await expect(installer.install(metadataOf(200), record)).rejects.toThrow("no database lies ready");
});
