/** Messages for tests: any that raft could send, from a seed. */
import { createEntry, createMessage, emptyBytes, MessageType, type Entry, type Message } from "@quorate/raft";
import type { Prng } from "@quorate/std";

const numberBits = [0, 1, 6, 7, 8, 13, 14, 20, 21, 27, 28, 31, 32, 33, 40, 52];
const idBits = [1n, 7n, 28n, 31n, 32n, 33n, 35n, 36n, 48n, 63n];

function counter(random: Prng): number {
  const bits = numberBits[random.below(numberBits.length)]!;
  return 2 ** bits - random.below(2);
}

export function randomId(random: Prng): bigint {
  return (1n << idBits[random.below(idBits.length)]!) + BigInt(random.below(3)) - 1n;
}

export function randomBytes(random: Prng, lengthMax: number): Uint8Array {
  const bytes = new Uint8Array(random.below(lengthMax + 1));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
  return bytes.length === 0 ? emptyBytes : bytes;
}

export function entriesFrom(random: Prng, first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) =>
    createEntry(random.below(3) as Entry["type"], counter(random), first + i, randomBytes(random, 300)),
  );
}

export function randomMessage(random: Prng): Message {
  const type = random.below(MessageType.MsgForgetLeader + 1) as MessageType;
  const index = counter(random);
  const ids = (): bigint[] => Array.from({ length: random.below(4) }, () => randomId(random));
  return createMessage({
    type,
    to: randomId(random),
    from: randomId(random),
    term: counter(random),
    logTerm: counter(random),
    index,
    entries: random.below(2) === 0 ? [] : entriesFrom(random, index + 1, random.below(5)),
    commit: counter(random),
    snapshot:
      type === MessageType.MsgSnap
        ? {
            data: randomBytes(random, 40),
            metadata: {
              confState: {
                voters: ids(),
                learners: ids(),
                votersOutgoing: ids(),
                learnersNext: ids(),
                autoLeave: random.below(2) === 0,
              },
              index: counter(random),
              term: counter(random),
            },
          }
        : null,
    reject: random.below(2) === 0,
    rejectHint: counter(random),
    context: random.below(2) === 0 ? emptyBytes : randomBytes(random, 20),
  });
}

/** MsgApps as a leader sends them: mostly one behind the other, with a jump or a new term now and then. */
export function appendSequence(random: Prng, count: number): Message[] {
  const messages: Message[] = [];
  let term = 3;
  let index = 10;
  let logTerm = 2;
  for (let i = 0; i < count; i++) {
    if (random.below(8) === 0) index += random.below(5);
    if (random.below(8) === 0) term += 1;
    const entries = Array.from({ length: random.below(6) }, (_, at) =>
      createEntry(0, term, index + 1 + at, randomBytes(random, 200)),
    );
    messages.push(
      createMessage({
        type: MessageType.MsgApp,
        to: 1n,
        from: 2n,
        term,
        logTerm,
        index,
        entries,
        commit: index,
      }),
    );
    index += entries.length;
    if (entries.length > 0) logTerm = term;
  }
  return messages;
}
