import { expect, test } from "vitest";
import { EventCounter } from "./event-counter.js";
import { frame } from "./messages.js";

/** header{revision: 300}, watch_id 9, created */
const created = Buffer.from("0a0318ac02" + "1009" + "1801", "hex");
/** header{revision: 300}, two events of three and four bytes */
const twoEvents = Buffer.from("0a0318ac02" + "5a03120161" + "5a0412021061", "hex");

const stream = Buffer.concat([frame(created), frame(twoEvents), frame(twoEvents)]);

test("creations and events are counted", () => {
  expect(new EventCounter().read(stream)).toEqual({ created: 1, events: 4 });
});

test("bytes may arrive in pieces of any size", () => {
  for (let size = 1; size < stream.length; size++) {
    const counter = new EventCounter();
    let total = { created: 0, events: 0 };
    for (let offset = 0; offset < stream.length; offset += size) {
      const counted = counter.read(stream.subarray(offset, offset + size));
      total = { created: total.created + counted.created, events: total.events + counted.events };
    }
    expect(total, `pieces of ${size}`).toEqual({ created: 1, events: 4 });
  }
});
