import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { SimNetwork } from "./sim-network.js";
import { VirtualTime } from "./virtual-time.js";

function createNetwork(): { time: VirtualTime; network: SimNetwork; arrived: string[] } {
  const time = new VirtualTime();
  return { time, network: new SimNetwork(time, new Prng(1)), arrived: [] };
}

test("a line that two faults cut is whole when both are over", async () => {
  const { time, network, arrived } = createNetwork();
  const first = network.cut("a", "b");
  const second = network.cut("a", "b");
  first();
  // Ended twice by the same fault, it is still the other's.
  first();
  network.send("a", "b", () => arrived.push("lost"));
  network.send("b", "a", () => arrived.push("other way"));
  second();
  network.send("a", "b", () => arrived.push("mended"));
  await time.run(100);
  expect(arrived.sort()).toEqual(["mended", "other way"]);
  expect(network.lostCount).toBe(1);
});

test("what is sent to or by a clogged place waits, and arrives in its order when it is not any more", async () => {
  const { time, network, arrived } = createNetwork();
  network.clog("b");
  network.send("a", "b", () => arrived.push("1"));
  network.send("a", "b", () => arrived.push("2"));
  network.send("b", "c", () => arrived.push("3"));
  network.send("a", "c", () => arrived.push("past it"));
  await time.run(100);
  expect(arrived).toEqual(["past it"]);
  network.unclog("b");
  await time.run(200);
  expect(arrived.filter((each) => each === "1" || each === "2")).toEqual(["1", "2"]);
  expect(arrived).toContain("3");
});

test("the same events leave the same trace, another moment another one", async () => {
  const live = async (delayMs: number): Promise<string> => {
    const time = new VirtualTime();
    time.after(delayMs, () => time.trace.addText("happened"));
    await time.run(1000);
    return time.trace.digest;
  };
  expect(await live(1)).toBe(await live(1));
  expect(await live(1)).not.toBe(await live(1.001));
});
