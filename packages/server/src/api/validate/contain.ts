/** A bound on what a request can do to the process before anything is done about it. */
import { WireError } from "@quorate/machine";

/**
 * Runs a step that only looks at a request, and reads a RangeError of it (no stack left, or a size beyond what the runtime
 * has) as the client's: it becomes a `WireError`, so that the call fails with INTERNAL and the server goes on. Limits on
 * depth and number of operations should let none happen; this is for the ones nobody thought of. All other errors,
 * assertions above all, are thrown as they are.
 *
 * Not for steps that change state: nobody knows where such an error has stopped them.
 */
export function contain<Args extends unknown[], T>(look: (...args: Args) => T, ...args: Args): T {
  try {
    return look(...args);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WireError(`the request cannot be processed: ${error.message}`);
  }
}
