/** The definition itself: tries every order. For histories of a few operations. */
import type { Model, Timed } from "../linearizability/model.js";

export function isLinearizableByDefinition<State, Operation>(
  model: Model<State, Operation>,
  history: readonly Timed<Operation>[],
): boolean {
  return canOrder(model, model.initial, history);
}

function canOrder<State, Operation>(
  model: Model<State, Operation>,
  state: State,
  left: readonly Timed<Operation>[],
): boolean {
  if (left.every(({ end }) => end === Infinity)) return true;
  const firstReturn = Math.min(...left.map(({ end }) => end));
  return left.some((candidate) => {
    if (candidate.start > firstReturn) return false;
    const after = model.step(state, candidate.operation);
    if (after === undefined) return false;
    return canOrder(
      model,
      after,
      left.filter((other) => other !== candidate),
    );
  });
}
