/** Which pages may call: browsers ask before they send what pages alone could not, and show a page no answer that does not name its origin. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Names that callers send besides those that browsers let pass anyway. */
const HEADERS_ALLOWED =
  "authorization, client-api-version, content-type, grpc-accept-encoding, grpc-timeout, hasleader, token, x-grpc-web, x-user-agent, x-watch-progress-seconds";
const HEADERS_SHOWN = "grpc-message, grpc-status";
/** How long a browser need not ask again, in seconds: what most of them allow at most. */
const PREFLIGHT_AGE_SECONDS = 7200;

/** @param origins `*` is everybody */
export function allowOrigin(
  origins: readonly string[],
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
): boolean {
  // Without an origin it is no page's doing: a program, or a page of this very place.
  if (origin === undefined) return true;
  if (!origins.includes("*") && !origins.includes(origin)) return false;
  response.setHeader("Access-Control-Allow-Origin", origins.includes("*") ? "*" : origin);
  response.setHeader("Vary", "Origin");
  response.setHeader("Access-Control-Expose-Headers", HEADERS_SHOWN);
  return true;
}

/** Answers the question that comes before a call. */
export function answerPreflight(response: ServerResponse): void {
  response.statusCode = 204;
  response.setHeader("Access-Control-Allow-Methods", "POST");
  response.setHeader("Access-Control-Allow-Headers", HEADERS_ALLOWED);
  response.setHeader("Access-Control-Max-Age", PREFLIGHT_AGE_SECONDS);
  response.end();
}
