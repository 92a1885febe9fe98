/** What the server under test offers, as it was asked before the suites; what it lacks is skipped with a word. */
import { inject } from "vitest";
import { CLIENT_METHODS } from "./client-methods.js";
import type { MissingMethods } from "./global-setup.js";

/** A service, all of whose methods are meant, or `Service.Method`. */
export type Offer = string;

export function offers(names: readonly Offer[]): boolean {
  return missingOf(names).length === 0;
}

/**
 * Says on the console which of `names` the server does not offer.
 * @returns true when `what` has to be skipped.
 */
export function lacksOffers(what: string, names: readonly Offer[]): boolean {
  const missing = missingOf(names);
  if (missing.length > 0) console.warn(`skipped: ${what}: the server does not offer ${missing.join(", ")}`);
  return missing.length > 0;
}

function missingOf(names: readonly Offer[]): Offer[] {
  const missing: MissingMethods = inject("missingMethods");
  return names.filter((name) => {
    const methods = CLIENT_METHODS.filter(
      (method) => method.name === name || method.name.startsWith(`${name}.`),
    );
    if (methods.length === 0) throw new Error(`etcd has no ${name}`);
    return methods.some((method) => missing.includes(method.name));
  });
}
