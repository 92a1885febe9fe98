/** A register with read, write and compare-and-set; null until it is written first. */
import type { Model } from "./model.js";

export type RegisterValue = number | null;

/** `isKnown` is false where the answer was lost: the operation may have had its effect or not. */
export type RegisterOperation =
  | { readonly kind: "read"; readonly client: number; readonly value: RegisterValue }
  | {
      readonly kind: "write";
      readonly client: number;
      readonly value: RegisterValue;
      readonly isKnown: boolean;
    }
  | {
      readonly kind: "cas";
      readonly client: number;
      readonly from: RegisterValue;
      readonly to: RegisterValue;
      readonly answer: "swapped" | "differed" | "unknown";
    };

export const REGISTER: Model<RegisterValue, RegisterOperation> = {
  initial: null,
  step(state, operation) {
    switch (operation.kind) {
      case "read":
        return operation.value === state ? state : undefined;
      case "write":
        return operation.value;
      case "cas": {
        const holds = state === operation.from;
        if (operation.answer === "swapped" && !holds) return undefined;
        if (operation.answer === "differed" && holds) return undefined;
        return holds ? operation.to : state;
      }
    }
  },
  keyOf: (state) => `${state}`,
  isBlind: ({ kind }) => kind === "write",
  effectOf(operation) {
    if (operation.kind === "cas") return `cas ${operation.from} ${operation.to}`;
    return `${operation.kind} ${operation.value}`;
  },
  describe(operation) {
    const who = `client ${operation.client}`;
    switch (operation.kind) {
      case "read":
        return `${who}: read -> ${operation.value}`;
      case "write":
        return `${who}: write ${operation.value} -> ${operation.isKnown ? "ok" : "unknown"}`;
      case "cas":
        return `${who}: cas ${operation.from} to ${operation.to} -> ${operation.answer}`;
    }
  },
  describeState: (state) => `the register holds ${state}`,
};
