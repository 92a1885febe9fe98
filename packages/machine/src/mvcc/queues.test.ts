import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.js";
import { NumberQueue } from "./number-queue.js";

test("the number queue agrees with an array over long random histories", () => {
  const prng = new Prng(1);
  const queue = new NumberQueue();
  const model: number[] = [];
  let read = 0;
  let next = 0;
  for (let round = 0; round < 60; round++) {
    const growing = round % 3 !== 2;
    for (let i = prng.below(9000); i > 0; i--) {
      if (growing || prng.chance(0.3)) {
        queue.push(next);
        model.push(next++);
      } else if (read < model.length) {
        const peeked = queue.peek();
        if (peeked !== model[read] || queue.shift() !== model[read]) expect(peeked).toBe(model[read]);
        read += 1;
      }
    }
    expect(queue.length).toBe(model.length - read);
  }
  const rest = Array.from({ length: queue.length }, () => queue.shift());
  expect(rest).toEqual(model.slice(read));
  expect(() => queue.shift()).toThrow("empty");
});

test("the byte queue gives back strings of all sizes in order, and its views stay intact", () => {
  const prng = new Prng(2);
  const queue = new ByteQueue();
  const model: string[] = [];
  const views: [Uint8Array, string][] = [];
  for (let i = 0; i < 4000; i++) {
    if (prng.chance(0.6)) {
      const size = prng.chance(0.01) ? 100_000 + prng.below(50_000) : prng.below(300);
      const text = String.fromCharCode(97 + prng.below(26)).repeat(size);
      queue.push(Buffer.from(`<<${text}>>`), 2, 2 + size);
      model.push(text);
    } else if (model.length > 0) {
      views.push([queue.shift(), model.shift() as string]);
    }
    expect(queue.length).toBe(model.length);
  }
  for (const [view, text] of views) expect(Buffer.from(view).toString() === text).toBe(true);
  expect(views.length).toBeGreaterThan(1000);
});
