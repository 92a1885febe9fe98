import type { CreateTiming, MethodCounters } from "../counters.js";
import { createMethodCounters } from "../counters.js";
import type { Method } from "../grpc-call.js";
import { GrpcStatus } from "../status.js";
import { assert } from "@quorate/std";
import type { HeaderPair } from "./response-blocks.js";

/** A method under its full path, with its counters. */
export interface RegisteredMethod {
  readonly path: string;
  readonly method: Method;
  readonly counters: MethodCounters;
}

/** Why a request is not served, and the HTTP status that tells it to those who do not know gRPC. */
export interface RequestRefusal {
  readonly httpStatus: number;
  readonly code: number;
  readonly message: string;
  /** Fields that tell the client how to do better. */
  readonly fields?: readonly HeaderPair[];
}

/** The methods of a server by path. */
export class MethodRegistry {
  readonly #methods = new Map<string, RegisteredMethod>();
  readonly #services = new Set<string>();
  readonly #createTiming: CreateTiming;

  constructor(createTiming: CreateTiming = () => undefined) {
    this.#createTiming = createTiming;
  }

  /** @param service full name with its package, for example `etcdserverpb.KV`; asserts that it is new. */
  add(service: string, methods: Readonly<Record<string, Method>>): void {
    assert(!this.#services.has(service), `service ${service} is registered twice`);
    this.#services.add(service);
    for (const [name, method] of Object.entries(methods)) {
      const path = `/${service}/${name}`;
      const timing = this.#createTiming(service, name, method.kind);
      const counters = createMethodCounters({ service, method: name, kind: method.kind }, timing);
      this.#methods.set(path, { path, method, counters });
    }
  }

  find(path: string): RegisteredMethod | undefined {
    return this.#methods.get(path);
  }

  counters(): readonly MethodCounters[] {
    return [...this.#methods.values()].map((registered) => registered.counters);
  }

  /** Why `path` was not found, in the words that clients of gRPC servers know. */
  refuse(path: string): RequestRefusal {
    const slash = path.lastIndexOf("/");
    if (!path.startsWith("/") || slash < 1) return unimplemented(`malformed method name: "${path}"`);
    const service = path.slice(1, slash);
    if (!this.#services.has(service)) return unimplemented(`unknown service ${service}`);
    return unimplemented(`unknown method ${path.slice(slash + 1)} for service ${service}`);
  }
}

function unimplemented(message: string): RequestRefusal {
  return { httpStatus: 200, code: GrpcStatus.unimplemented, message };
}
