import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import type { ProgressMap } from "../tracker/progress.js";
import {
  type ConfChange,
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
  type ConfState,
  emptyConfState,
} from "../types/conf-change.js";
import { EntryType, emptyBytes } from "../types/entry.js";
import {
  type ConfBase,
  ConfRefusal,
  type ConfResult,
  changeSimple,
  enterJoint,
  leaveJoint,
} from "./changer.js";
import { decodeConfChange, encodeConfChange } from "./codec.js";
import { planConfStep, toConfChangeV2 } from "./conf-change.js";
import { confStatesEqual, restoreConf } from "./restore.js";

const emptyBase: ConfBase = {
  config: emptyConfState,
  progress: new Map(),
  inflightCountMax: 10,
  inflightBytesMax: Infinity,
  lastIndex: 10,
};

const change = (type: ConfChangeType, nodeId: bigint): ConfChangeSingle => ({ type, nodeId });

function must(result: ConfResult | ConfRefusal): ConfResult {
  if (typeof result === "string") throw new Error(result);
  return result;
}

function views(progress: ProgressMap): unknown {
  return [...progress].map(([id, own]) => [id, own.view()]);
}

describe("changes", () => {
  test("one by one lead where one joint change leads (1000 random lists)", () => {
    const prng = new Prng(1);
    const types = Object.values(ConfChangeType);
    for (let round = 0; round < 1000; round++) {
      const setup = Array.from({ length: 1 + prng.below(5) }, (_, i) => BigInt(i + 1)).map((id, i) =>
        change(
          i === 0
            ? ConfChangeType.ConfChangeAddNode
            : prng.pick([ConfChangeType.ConfChangeAddNode, ConfChangeType.ConfChangeAddLearnerNode]),
          id,
        ),
      );
      let start: ConfBase = emptyBase;
      for (const one of setup) start = { ...start, ...must(changeSimple(start, [one])) };
      // Node 1 stays a voter, so that no prefix leaves the group without one.
      const changes = Array.from({ length: 1 + prng.below(9) }, () =>
        change(prng.pick(types), BigInt(2 + prng.below(8))),
      );

      let simple: ConfBase = start;
      for (const one of changes) simple = { ...simple, ...must(changeSimple(simple, [one])) };
      const autoLeave = prng.chance(0.5);
      const joint = must(enterJoint(start, autoLeave, changes));
      expect(joint.config.autoLeave).toBe(autoLeave);
      expect(joint.config.votersOutgoing).toEqual(start.config.voters);
      const left = must(leaveJoint({ ...start, ...joint }));
      expect(left.config).toEqual(simple.config);
      expect([...left.progress.keys()]).toEqual([...simple.progress.keys()]);
    }
  });

  test("a refused change leaves no trace", () => {
    const base = {
      ...emptyBase,
      ...must(changeSimple(emptyBase, [change(ConfChangeType.ConfChangeAddNode, 1n)])),
    };
    const before = views(base.progress);
    expect(changeSimple(base, [change(ConfChangeType.ConfChangeRemoveNode, 1n)])).toBe(
      ConfRefusal.NoVoterLeft,
    );
    expect(
      changeSimple(base, [
        change(ConfChangeType.ConfChangeAddNode, 2n),
        change(ConfChangeType.ConfChangeAddNode, 3n),
      ]),
    ).toBe(ConfRefusal.ManyVoters);
    expect(leaveJoint(base)).toBe(ConfRefusal.NotJoint);
    expect(enterJoint(emptyBase, false, [])).toBe(ConfRefusal.ZeroVoters);
    expect(views(base.progress)).toEqual(before);
  });

  test("adding an existing voter again keeps its progress", () => {
    const base = {
      ...emptyBase,
      ...must(changeSimple(emptyBase, [change(ConfChangeType.ConfChangeAddNode, 1n)])),
    };
    const own = base.progress.get(1n);
    if (own !== undefined) own.match = 7;
    const again = must(changeSimple(base, [change(ConfChangeType.ConfChangeAddNode, 1n)]));
    expect(again.progress.get(1n)?.match).toBe(7);
  });
});

describe("restore", () => {
  test("a ConfState comes back as it went (2000 random ones, joint and not)", () => {
    const prng = new Prng(2);
    for (let round = 0; round < 2000; round++) {
      const pool = Array.from({ length: 8 }, (_, i) => BigInt(i + 1)).sort(() => prng.float() - 0.5);
      const voters = pool.slice(0, 1 + prng.below(4));
      const learners = pool.slice(5, 5 + prng.below(3));
      const joint = prng.chance(0.5);
      const votersOutgoing = joint ? pool.slice(prng.below(3), 3 + prng.below(2)) : [];
      const learnersNext = votersOutgoing.filter((id) => !voters.includes(id) && prng.chance(0.5));
      const state: ConfState = {
        voters,
        learners,
        votersOutgoing,
        learnersNext,
        autoLeave: joint && prng.chance(0.5),
      };
      const restored = must(restoreConf(emptyBase, state));
      expect(confStatesEqual(restored.config, state)).toBe(true);
    }
  });

  test("equality ignores order, and nothing else", () => {
    const state = { ...emptyConfState, voters: [1n, 2n] };
    expect(confStatesEqual(state, { ...state, voters: [2n, 1n] })).toBe(true);
    expect(confStatesEqual(state, { ...state, voters: [1n, 3n] })).toBe(false);
    expect(confStatesEqual(state, { ...state, learners: [3n] })).toBe(false);
    expect(confStatesEqual(state, { ...state, autoLeave: true })).toBe(false);
  });
});

describe("what a change asks for", () => {
  const v2 = (transition: ConfChangeTransition, count: number): ConfChangeV2 => ({
    transition,
    changes: Array.from({ length: count }, (_, i) => change(ConfChangeType.ConfChangeAddNode, BigInt(i + 1))),
    context: emptyBytes,
  });
  const {
    ConfChangeTransitionAuto: auto,
    ConfChangeTransitionJointImplicit: implicit,
    ConfChangeTransitionJointExplicit: explicit,
  } = ConfChangeTransition;
  test.each([
    [v2(auto, 0), { kind: "leave-joint" }],
    [v2(auto, 1), { kind: "simple" }],
    [v2(auto, 2), { kind: "enter-joint", autoLeave: true }],
    [v2(implicit, 0), { kind: "enter-joint", autoLeave: true }],
    [v2(implicit, 1), { kind: "enter-joint", autoLeave: true }],
    [v2(explicit, 1), { kind: "enter-joint", autoLeave: false }],
  ])("%o: %o", (asked, expected) => {
    expect(planConfStep(asked)).toEqual(expected);
  });
});

describe("codec", () => {
  const hex = (text: string): Uint8Array =>
    Uint8Array.from(text.split(" ").filter(Boolean), (byte) => parseInt(byte, 16));

  test("round trip, ids of 64 bits included", () => {
    const prng = new Prng(3);
    const id = (): bigint => (BigInt(prng.uint32()) << 32n) | BigInt(prng.uint32());
    for (let round = 0; round < 500; round++) {
      const context = new Uint8Array(prng.below(5)).fill(prng.below(256));
      const v1: ConfChange = {
        id: id(),
        type: prng.pick(Object.values(ConfChangeType)),
        nodeId: id(),
        context,
      };
      const encoded = encodeConfChange(v1);
      expect(decodeConfChange(encoded)).toEqual(v1);
      const changes = Array.from({ length: prng.below(4) }, () =>
        change(prng.pick(Object.values(ConfChangeType)), id()),
      );
      const v2: ConfChangeV2 = {
        transition: prng.pick(Object.values(ConfChangeTransition)),
        changes,
        context,
      };
      expect(decodeConfChange(encodeConfChange(v2))).toEqual(v2);
      expect(toConfChangeV2(v2)).toBe(v2);
    }
  });

  test("the bytes are those of raftpb", () => {
    const v1: ConfChange = {
      id: 0n,
      type: ConfChangeType.ConfChangeAddNode,
      nodeId: 300n,
      context: Uint8Array.of(0x61),
    };
    expect(encodeConfChange(v1)).toEqual({
      type: EntryType.EntryConfChange,
      data: hex("08 00 10 00 18 ac 02 22 01 61"),
    });
    const v2: ConfChangeV2 = {
      transition: ConfChangeTransition.ConfChangeTransitionAuto,
      changes: [change(ConfChangeType.ConfChangeRemoveNode, 3n)],
      context: emptyBytes,
    };
    expect(encodeConfChange(v2)).toEqual({
      type: EntryType.EntryConfChangeV2,
      data: hex("08 00 12 04 08 01 10 03"),
    });
  });

  test.each([
    [
      "absent fields are zero",
      EntryType.EntryConfChange,
      "18 05",
      { id: 0n, type: 0, nodeId: 5n, context: emptyBytes },
    ],
    [
      "empty V2 data leaves a joint configuration",
      EntryType.EntryConfChangeV2,
      "",
      { transition: 0, changes: [], context: emptyBytes },
    ],
    [
      "unknown fields are skipped",
      EntryType.EntryConfChange,
      "18 05 28 01 31 00 00 00 00 00 00 00 00 3d 00 00 00 00 42 01 07",
      { id: 0n, type: 0, nodeId: 5n, context: emptyBytes },
    ],
    ["a cut varint", EntryType.EntryConfChange, "18 85", null],
    ["a cut length", EntryType.EntryConfChange, "22 05 61", null],
    ["an unknown change type", EntryType.EntryConfChange, "10 09", null],
    ["field number zero", EntryType.EntryConfChange, "00 01", null],
    ["a group", EntryType.EntryConfChange, "0b", null],
    ["a normal entry", EntryType.EntryNormal, "18 05", null],
  ])("%s", (_name, type, bytes, expected) => {
    expect(decodeConfChange({ type, data: hex(bytes) })).toEqual(expected);
  });

  test("hostile bytes never throw", () => {
    const prng = new Prng(4);
    for (let round = 0; round < 5_000; round++) {
      const data = Uint8Array.from({ length: prng.below(20) }, () => prng.below(256));
      for (const type of [EntryType.EntryConfChange, EntryType.EntryConfChangeV2]) {
        const change = decodeConfChange({ type, data });
        if (change !== null && typeof change.context.length !== "number") expect.fail(`round ${round}`);
      }
    }
  });
});
