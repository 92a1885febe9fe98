/**
 * `/debug/*` of the client port: `/debug/vars` always, profiles with `--enable-pprof` or at log level debug. The paths are etcd's, what comes
 * from them is Node's: files for Chrome's developer tools instead of Go's pprof. Source: etcd `etcdhttp/debug.go`, `serve.go`; operations 7.2.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { PROFILES, ProfileTaker } from "./profiles.js";
import { debugVars, withoutSecrets, type RaftStatus } from "./debug-vars.js";

export interface DebugOptions {
  readonly hasProfiles: boolean;
  readonly raftStatus: () => RaftStatus;
}

const VARS_PATH = "/debug/vars";
const PROFILES_PREFIX = "/debug/pprof/";

export class DebugEndpoints {
  readonly #options: DebugOptions;
  readonly #taker = new ProfileTaker();

  constructor(options: DebugOptions) {
    this.#options = options;
  }

  /** @returns false when there is nothing of that name here. */
  handle(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (path === VARS_PATH) {
      if (request.method === "GET")
        send(response, "application/json; charset=utf-8", debugVars(this.#options));
      else {
        response.setHeader("Allow", "GET");
        refuse(response, 405, "Method Not Allowed");
      }
      return true;
    }
    if (!this.#options.hasProfiles || !path.startsWith(PROFILES_PREFIX)) return false;
    response.setHeader("X-Content-Type-Options", "nosniff");
    const name = path.slice(PROFILES_PREFIX.length);
    if (name === "") send(response, "text/html; charset=utf-8", INDEX);
    else if (name === "cmdline")
      send(response, "text/plain; charset=utf-8", withoutSecrets(process.argv).join(" "));
    else this.#profile(request, response, name);
    return true;
  }

  #profile(request: IncomingMessage, response: ServerResponse, name: string): void {
    const profile = PROFILES.find((each) => each.name === name);
    if (profile === undefined) return refuse(response, 404, "Unknown profile");
    const text = new URLSearchParams((request.url ?? "").split("?")[1]).get("seconds");
    const seconds = text === null ? profile.secondsDefault : Number(text);
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > profile.secondsMax)
      return refuse(response, 400, `seconds must be a whole number from 0 to ${String(profile.secondsMax)}`);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const start = (): void => {
      response.setHeader("Content-Type", "application/octet-stream");
      response.setHeader("Content-Disposition", `attachment; filename="${profile.file}"`);
    };
    this.#taker.take(profile, { seconds, signal: gone.signal }).then(
      (body) => {
        if (body === "busy") return refuse(response, 409, "another profile is being taken");
        if (gone.signal.aborted) return void (typeof body === "string" || body.destroy());
        start();
        if (typeof body === "string") response.end(body);
        // Whoever leaves early lets go of the snapshot.
        else pipeline(body, response, () => undefined);
      },
      (error: unknown) => refuse(response, 500, `no profile: ${String(error)}`),
    );
  }
}

const INDEX = `<!doctype html>
<title>/debug/pprof/</title>
<h1>/debug/pprof/</h1>
<p>This member is a program of Node: profiles are files for Chrome's developer tools, not for go tool pprof. They are of the thread that
serves, not of those of the database and of passwords. One at a time is taken; <code>?seconds=N</code> says how long.</p>
<table>
${PROFILES.map(({ name, help }) => `<tr><td><a href="${name}">${name}</a></td><td>${help}</td></tr>`).join("\n")}
<tr><td><a href="cmdline">cmdline</a></td><td>the command line, without passwords</td></tr>
</table>
`;

function send(response: ServerResponse, type: string, text: string): void {
  response.setHeader("Content-Type", type);
  response.end(text);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy();
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${text}\n`);
}
