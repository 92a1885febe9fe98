/** A member that is not in the configuration, as far as this one knows: it can be answered by posts, so that a newcomer can catch up. */
import type { Message } from "@quorate/raft";
import type { PeerContext } from "./peer.js";
import { Pipeline } from "./pipeline.js";
import { UrlPicker } from "./url-picker.js";

export class RemoteMember {
  readonly #pipeline: Pipeline;

  constructor(urls: readonly string[], { identity, connector, onRemoved }: PeerContext) {
    this.#pipeline = new Pipeline({
      identity,
      picker: new UrlPicker(urls),
      connector,
      // raft tracks no progress of members outside of the configuration: there is nobody to tell.
      events: { onDelivered: () => undefined, onFailed: () => undefined, onRemoved },
    });
  }

  send(message: Message): void {
    this.#pipeline.send(message);
  }

  stop(): void {
    this.#pipeline.stop();
  }
}
