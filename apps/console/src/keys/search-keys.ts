/**
 * Keys that contain a text, as they are found.
 *
 * A message goes out for each piece that has finds and at least for every so many keys, so that progress is seen; the next piece is read
 * when the browser has taken the message. A cancel is seen between two pieces.
 */
import { consolepb, create } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { rangeOfPrefix } from "./key-range.js";
import { readLimit } from "./page-request.js";
import { scanKeys } from "./scan-keys.js";

export const FINDS_DEFAULT = 1000;
export const FINDS_MAX = 10_000;

export async function* searchKeys(
  context: ReadContext,
  request: consolepb.SearchKeysRequest,
): AsyncGenerator<consolepb.SearchKeysResponse, void, void> {
  const contains = createMatcher(request.text, request.ignoreCase);
  let findsLeft = readLimit(request.limit, FINDS_DEFAULT, FINDS_MAX);
  let scanned = 0;
  const scan = {
    ...rangeOfPrefix(request.prefix),
    revision: request.revision,
    withValues: request.inValues,
    keysMax: Number.POSITIVE_INFINITY,
  };
  for await (const piece of scanKeys(context, scan)) {
    const finds: mvccpb.KeyValue[] = [];
    for (const key of piece.keys) {
      scanned += 1;
      if (!contains(key.key) && !(request.inValues && contains(key.value))) continue;
      finds.push({ ...key, value: new Uint8Array() });
      findsLeft -= 1;
      if (findsLeft === 0) break;
    }
    const done = piece.next === undefined || findsLeft === 0;
    yield create(consolepb.SearchKeysResponseSchema, {
      keys: finds,
      scanned: BigInt(scanned),
      done,
      revision: piece.revision,
    });
    if (done) return;
  }
}

type Matcher = (bytes: Uint8Array) => boolean;

/**
 * Finds the text's bytes where case matters, its letters otherwise. A text of ASCII is looked for among the bytes themselves: no byte of a
 * longer character is below 128, so none is mistaken for a letter.
 */
export function createMatcher(text: string, ignoreCase: boolean): Matcher {
  if (!ignoreCase) {
    const wanted = Buffer.from(text, "utf8");
    return (bytes) => asBuffer(bytes).includes(wanted);
  }
  const wanted = text.toLowerCase();
  const isAscii = Buffer.byteLength(text, "utf8") === text.length;
  return (bytes) =>
    asBuffer(bytes)
      .toString(isAscii ? "latin1" : "utf8")
      .toLowerCase()
      .includes(wanted);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
