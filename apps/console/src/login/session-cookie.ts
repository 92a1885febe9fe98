/** The cookie that carries a session's token: out of reach of scripts, and of requests that other sites cause. */
import { AGE_MS_MAX } from "./sessions.js";

const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;

export class SessionCookie {
  readonly #name: string;
  readonly #attributes: string;

  /** Cookies do not know ports, so the name tells consoles on one host apart. */
  constructor({ port, isSecure }: { readonly port: number; readonly isSecure: boolean }) {
    this.#name = `${isSecure ? "__Host-" : ""}quorate-console-${port}`;
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  }

  format(token: string): string {
    return `${this.#name}=${token}; ${this.#attributes}; Max-Age=${AGE_MS_MAX / 1000}`;
  }

  formatExpired(): string {
    return `${this.#name}=; ${this.#attributes}; Max-Age=0`;
  }

  /** The token in a Cookie header; undefined when there is none or what is there can be none. */
  parse(header: string | undefined): string | undefined {
    for (const part of header?.split(";") ?? []) {
      const [name, token] = part.trim().split("=", 2);
      if (name === this.#name && token !== undefined && TOKEN.test(token)) return token;
    }
    return undefined;
  }
}
