/** A counter-example as text, for people. */
import type { CounterExample, Model, Timed } from "./model.js";

export function describeCounterExample<State, Operation>(
  model: Model<State, Operation>,
  example: CounterExample<State, Operation>,
): string {
  const line = (operation: Timed<Operation>): string =>
    `  [${timeText(operation.start)}, ${timeText(operation.end)}] ${model.describe(operation.operation)}`;
  const lines = ["no order of the operations allows", line(example.impossible)];
  lines.push("all that returned before it can be ordered, for example so:");
  if (example.orderedBefore > 0) lines.push(`  ... ${example.orderedBefore} operations ...`);
  lines.push(...example.lastOrdered.map(line));
  lines.push(`after which ${model.describeState(example.state)}`);
  if (example.concurrent.length > 0) {
    lines.push("under way at the same time, and no help in any order:", ...example.concurrent.map(line));
  }
  return lines.join("\n");
}

function timeText(time: number): string {
  if (time === Infinity) return "never";
  return Number.isInteger(time) ? `${time}` : time.toFixed(3);
}
