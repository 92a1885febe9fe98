/**
 * The rule that decides which packets leave a member: a program for the kernel's classifier, in the text form of `tc`.
 *
 * It runs on whole Ethernet frames of IPv4 on their way out, so a cut in one direction is a rule at one end. What it
 * drops vanishes without a word to either side, as on a cable that was pulled; a route that refuses would tell the sender.
 */

/** What happens to packets on their way out. */
export interface PacketRule {
  /** IPv4 addresses that nothing reaches. */
  readonly cutAddresses: readonly string[];
  /** Share of all other packets that is lost, 0 to 1, each by chance. */
  readonly lossShare: number;
}

/** Length of an Ethernet header, and where an IPv4 header has its destination. */
const DESTINATION_OFFSET = 14 + 16;
/** The kernel's own registers are read below zero: this one is a random word. */
const RANDOM_WORD = 2 ** 32 - 4096 + 56;
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;
/** Verdicts of the classifier's direct mode. */
const PASS = 0;
const DROP = 2;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** @returns the bytecode as `tc filter ... bpf da bytecode` takes it: the count, then `code jt jf k` of each instruction. */
export function formatPacketFilter(rule: PacketRule): string {
  const instructions: Instruction[] = [];
  if (rule.cutAddresses.length > 0) instructions.push([LOAD_WORD, 0, 0, DESTINATION_OFFSET]);
  for (const address of rule.cutAddresses) {
    instructions.push([JUMP_IF_EQUAL, 0, 1, parseAddress(address)], [RETURN, 0, 0, DROP]);
  }
  if (rule.lossShare > 0) {
    const survivesFrom = Math.min(2 ** 32 - 1, Math.round(rule.lossShare * 2 ** 32));
    instructions.push([LOAD_WORD, 0, 0, RANDOM_WORD], [JUMP_IF_AT_LEAST, 1, 0, survivesFrom]);
    instructions.push([RETURN, 0, 0, DROP]);
  }
  instructions.push([RETURN, 0, 0, PASS]);
  return [instructions.length, ...instructions.map((each) => each.join(" "))].join(",");
}

function parseAddress(address: string): number {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
    throw new Error(`${address} is no IPv4 address`);
  }
  return parts.reduce((word, part) => word * 256 + part, 0);
}
