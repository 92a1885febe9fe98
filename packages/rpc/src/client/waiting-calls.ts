/**
 * Calls that wait for a stream, in the order they came: a list through the calls themselves, so that one that is cancelled leaves at
 * once however many wait.
 */
import type { ClientCall } from "./client-call.js";

export class WaitingCalls {
  #first: ClientCall | undefined;
  #last: ClientCall | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(call: ClientCall): void {
    call.isWaiting = true;
    call.waitPrevious = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.waitNext = call;
    this.#last = call;
    this.#size++;
  }

  shift(): ClientCall | undefined {
    const first = this.#first;
    if (first !== undefined) this.delete(first);
    return first;
  }

  /** @param call is in the list. */
  delete(call: ClientCall): void {
    const { waitNext: next, waitPrevious: previous } = call;
    if (previous === undefined) this.#first = next;
    else previous.waitNext = next;
    if (next === undefined) this.#last = previous;
    else next.waitPrevious = previous;
    call.isWaiting = false;
    call.waitNext = undefined;
    call.waitPrevious = undefined;
    this.#size--;
  }
}
