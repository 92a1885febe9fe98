/**
 * Large answers of the gateway, written a little at a time: between two pieces of work the loop looks at everybody else, however many
 * such answers there are and however large they are. Nothing of an answer is written ahead of what its client takes.
 *
 *     answer --> [ those that have something to do, in turns ] --> at most `TURN_MS` of writing in a turn of the loop
 *                      ^                                  |
 *                      +------- "drain" <---- client is behind
 */
import type { ServerResponse } from "node:http";

/** The loop's other work waits so long for answers, at the most, but for one piece of one answer. */
export const TURN_MS = 2;

interface Answer {
  readonly response: ServerResponse;
  readonly pieces: Iterator<string, void, void>;
}

export class AnswerLane {
  readonly #nowMs: () => number;
  readonly #ready: Answer[] = [];
  #isTurnAwaited = false;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Writes `pieces` one after the other and ends the response; a response that is gone takes the rest with it. */
  send(response: ServerResponse, pieces: Iterator<string, void, void>): void {
    this.#add({ response, pieces });
  }

  #add(answer: Answer): void {
    this.#ready.push(answer);
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isTurnAwaited = false;
    const untilMs = this.#nowMs() + TURN_MS;
    do {
      const answer = this.#ready.shift();
      if (answer === undefined) return;
      this.#writePiece(answer);
    } while (this.#nowMs() < untilMs);
    if (this.#ready.length === 0) return;
    this.#isTurnAwaited = true;
    setImmediate(this.#onTurn);
  };

  #writePiece(answer: Answer): void {
    const { response, pieces } = answer;
    if (response.destroyed) return;
    let piece: IteratorResult<string, void>;
    try {
      piece = pieces.next();
    } catch {
      // Part of it may be out, so nothing else can be said.
      response.destroy();
      return;
    }
    if (piece.done === true) response.end();
    else if (response.write(piece.value)) this.#ready.push(answer);
    else response.once("drain", () => this.#add(answer));
  }
}
