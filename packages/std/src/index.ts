/** What could have been in the standard library: no domain word, two users, own tests. */
export { assert, AssertionError, unreachable } from "./assert.js";
export { Prng } from "./prng.js";
export { crc32c } from "./crc32c.js";
