/** A short sum of everything that happened in a world, in its order: two lives with the same sum were the same life. */
export class Trace {
  /** FNV-1a, two sums side by side. */
  #low = 0x811c9dc5;
  #high = 0x01000193;

  addNumber(value: number): void {
    // Thousandths of a millisecond, and what is above 2^32 of them.
    const thousandths = Math.round(value * 1000);
    this.#add(thousandths | 0);
    this.#add((thousandths / 2 ** 32) | 0);
  }

  addText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i));
  }

  #add(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ word ^ (this.#low >>> 15), 0x85ebca6b);
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return toHex(this.#high) + toHex(this.#low);
  }
}

function toHex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
