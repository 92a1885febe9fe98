/** The three calls about who is looking. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerContext } from "@connectrpc/connect";
import { consolepb, create } from "@quorate/proto";
import type { Clusters } from "../clusters/clusters.js";
import type { ConsoleOptions } from "../config/console-options.js";
import type { SessionCookie } from "../login/session-cookie.js";
import { LoginThrottle } from "../login/login-throttle.js";
import { verifyPassword } from "../login/password.js";
import type { Sessions } from "../login/sessions.js";
import { CONSOLE_VERSION } from "../version.js";
import { callerKey } from "./caller.js";

export interface LoginServiceOptions {
  readonly options: ConsoleOptions;
  readonly clusters: Clusters;
  readonly sessions: Sessions;
  readonly cookie: SessionCookie;
}

export class LoginService {
  readonly #options: ConsoleOptions;
  readonly #clusters: Clusters;
  readonly #sessions: Sessions;
  readonly #cookie: SessionCookie;
  readonly #throttle = new LoginThrottle();

  constructor({ options, clusters, sessions, cookie }: LoginServiceOptions) {
    this.#options = options;
    this.#clusters = clusters;
    this.#sessions = sessions;
    this.#cookie = cookie;
  }

  getSession({ values }: HandlerContext): consolepb.GetSessionResponse {
    const { session, mustLogIn } = values.get(callerKey);
    return create(consolepb.GetSessionResponseSchema, {
      loginRequired: this.#options.login !== undefined,
      loggedIn: session !== undefined,
      user: session?.user ?? "",
      readOnly: this.#options.isReadOnly,
      consoleVersion: CONSOLE_VERSION,
      // Where the clusters are is not for strangers.
      clusters: mustLogIn ? [] : this.#clusters.describe(),
    });
  }

  async login(
    { user, password }: consolepb.LoginRequest,
    { values, responseHeader }: HandlerContext,
  ): Promise<consolepb.LoginResponse> {
    const { login } = this.#options;
    if (login === undefined) throw new ConnectError("no login is needed here", Code.FailedPrecondition);
    const { address } = values.get(callerKey);
    const outcome = await this.#throttle.attempt(address, async () => {
      // The password is tried for a wrong name too, so that the time taken does not tell which of them was wrong.
      const isPassword = await verifyPassword(password, login.password);
      return isPassword && user === login.user;
    });
    if ("waitMs" in outcome) {
      const seconds = Math.ceil(outcome.waitMs / 1000);
      throw new ConnectError(`too many failed logins; try again in ${seconds} s`, Code.ResourceExhausted);
    }
    // Not Unauthenticated, by which a screen learns that its session is over.
    if (!outcome.ok) throw new ConnectError("wrong user or password", Code.PermissionDenied);
    responseHeader.append("set-cookie", this.#cookie.format(this.#sessions.create(user)));
    return create(consolepb.LoginResponseSchema);
  }

  logout({ values, responseHeader }: HandlerContext): consolepb.LogoutResponse {
    const { token } = values.get(callerKey);
    if (token !== undefined) this.#sessions.end(token);
    responseHeader.append("set-cookie", this.#cookie.formatExpired());
    return create(consolepb.LogoutResponseSchema);
  }
}
