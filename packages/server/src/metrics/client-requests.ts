/** Counts requests by the version their client says it has: who still talks to an old cluster shows here before an upgrade. */
import type { CallBase, Metadata, Method } from "@quorate/rpc";
import type { ServiceRegistry } from "../api/register-services.js";

/** Versions counted apart; whoever sends more of them is counted as `other`. */
export const CLIENT_VERSIONS_MAX = 100;
/** Longer ones are no versions. */
const VERSION_LENGTH_MAX = 32;

export interface ClientRequestCount {
  readonly version: string;
  readonly type: "unary" | "stream";
  count: number;
}

export class ClientRequests {
  readonly counts: ClientRequestCount[] = [];
  /** The counts of a metadata object, which all requests of a connection may share. */
  readonly #known = new WeakMap<Metadata, readonly [unary: ClientRequestCount, stream: ClientRequestCount]>();
  #last: Metadata | undefined;
  #lastCounts: readonly [unary: ClientRequestCount, stream: ClientRequestCount] | undefined;

  /** A registry in front of `registry` whose methods count their calls. */
  counting(registry: ServiceRegistry): ServiceRegistry {
    return {
      addService: (name, methods) => {
        const counted = Object.entries(methods).map(([each, method]) => [each, this.#count(method)] as const);
        registry.addService(name, Object.fromEntries(counted));
      },
    };
  }

  #count(method: Method): Method {
    switch (method.kind) {
      case "unary": {
        const { handler } = method;
        return {
          kind: "unary",
          handler: (call, message) => {
            this.#countsOf(call)[0].count += 1;
            handler(call, message);
          },
        };
      }
      case "server-stream": {
        const { handler } = method;
        return {
          kind: "server-stream",
          handler: (call, message) => {
            this.#countsOf(call)[1].count += 1;
            handler(call, message);
          },
        };
      }
      case "client-stream": {
        const { handler } = method;
        return {
          kind: "client-stream",
          handler: (call) => {
            this.#countsOf(call)[1].count += 1;
            handler(call);
          },
        };
      }
      case "bidi": {
        const { handler } = method;
        return {
          kind: "bidi",
          handler: (call) => {
            this.#countsOf(call)[1].count += 1;
            handler(call);
          },
        };
      }
    }
  }

  #countsOf({ metadata }: CallBase): readonly [unary: ClientRequestCount, stream: ClientRequestCount] {
    if (metadata === this.#last && this.#lastCounts !== undefined) return this.#lastCounts;
    let counts = this.#known.get(metadata);
    if (counts === undefined) {
      const version = this.#admit(metadata.get("client-api-version") ?? "");
      counts = [this.#countOf(version, "unary"), this.#countOf(version, "stream")];
      this.#known.set(metadata, counts);
    }
    this.#last = metadata;
    this.#lastCounts = counts;
    return counts;
  }

  #admit(version: string): string {
    if (version === "") return "unknown";
    if (!/^[\w.+-]+$/.test(version) || version.length > VERSION_LENGTH_MAX) return "other";
    const isKnown = this.counts.some((each) => each.version === version);
    return isKnown || this.counts.length < 2 * CLIENT_VERSIONS_MAX ? version : "other";
  }

  #countOf(version: string, type: ClientRequestCount["type"]): ClientRequestCount {
    const found = this.counts.find((each) => each.version === version && each.type === type);
    if (found !== undefined) return found;
    const created: ClientRequestCount = { version, type, count: 0 };
    this.counts.push(created);
    return created;
  }
}
