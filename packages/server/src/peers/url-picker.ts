/** The URL of a peer that is used now. All connections to a peer share one, so that one of them finding out is enough. */
export class UrlPicker {
  #urls: readonly string[];
  #picked = 0;

  /** @param urls at least one. */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  get urls(): readonly string[] {
    return this.#urls;
  }

  /** Starts over with the first of `urls`. */
  update(urls: readonly string[]): void {
    this.#urls = urls;
    this.#picked = 0;
  }

  pick(): string {
    return this.#urls[this.#picked] ?? "";
  }

  /** Moves on when `url` is the one in use; the failure of another one says nothing about it. */
  unreachable(url: string): void {
    if (url === this.pick()) this.#picked = (this.#picked + 1) % this.#urls.length;
  }
}
