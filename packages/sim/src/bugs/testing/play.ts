/** Plays scripts in a process of its own: `node play.cjs BUG...`. Prints a line for each: its name, and what was broken, or `sound`. */
import { playBug, type Bug } from "../bug.js";
import { BUGS } from "../catalogue.js";

async function tell(bug: Bug): Promise<string> {
  try {
    const { violations } = await playBug(bug);
    return violations[0]?.split("\n")[0] ?? "sound";
  } catch (error) {
    // A cluster that does not come to rest is as good a sign as any.
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  for (const bug of BUGS)
    if (names.includes(bug.name)) process.stdout.write(`${bug.name}: ${await tell(bug)}\n`);
}

// What would have ended a member ends the script: it is the bug.
process.on("unhandledRejection", (error) => process.stdout.write(`unhandled: ${String(error)}\n`));
void main().then(() => process.exit(0));
