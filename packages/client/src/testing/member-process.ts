/** The program of a member in a process of its own, for tests that kill it: options come as JSON in the first argument. */
import { startMember, type MemberOptions } from "@quorate/server/embed";

/** Said on standard output once it serves. */
export const READY = "ready";

const [, , text] = process.argv;
if (text !== undefined) {
  startMember(JSON.parse(text) as MemberOptions).then(
    () => process.stdout.write(`${READY}\n`),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}
