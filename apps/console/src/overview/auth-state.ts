/** Whether the cluster has users and whether they are on. Each question is an entry in the cluster's log, so an answer is kept a while. */
import { etcdserverpb } from "@quorate/proto";
import { Code } from "@connectrpc/connect";
import type { ClusterCalls } from "../clusters/cluster-calls.js";
import { MEMBER_TIMEOUT_MS } from "../clusters/member-directory.js";
import { toConnectError } from "../rpc/cluster-error.js";

const ANSWER_MS_MAX = 30_000;

export interface AuthAnswer {
  readonly offered: boolean;
  readonly enabled: boolean;
}

export class AuthState {
  readonly #calls: ClusterCalls;
  #answer: AuthAnswer = { offered: false, enabled: false };
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(calls: ClusterCalls) {
    this.#calls = calls;
  }

  /** The next `read` asks again: somebody has just switched it. */
  expire(): void {
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** The last answer when the cluster does not give one. */
  async read(signal: AbortSignal): Promise<AuthAnswer> {
    if (performance.now() - this.#askedAtMs < ANSWER_MS_MAX) return this.#answer;
    try {
      const { enabled } = await this.#calls.unary(
        etcdserverpb.Auth.method.authStatus,
        {},
        { safety: "read", signal, timeoutMs: MEMBER_TIMEOUT_MS },
      );
      this.#answer = { offered: true, enabled };
    } catch (error) {
      const { code } = toConnectError(error);
      if (code === Code.Unimplemented) this.#answer = { offered: false, enabled: false };
      else if (code === Code.PermissionDenied || code === Code.Unauthenticated) {
        this.#answer = { offered: true, enabled: true };
      } else return this.#answer;
    }
    this.#askedAtMs = performance.now();
    return this.#answer;
  }
}
