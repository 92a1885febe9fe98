/**
 * Tells the console's own pages from all others. Browsers say where a request comes from in headers that pages can not set; and a header of our own
 * makes them ask before they send anything, which is answered with no.
 */
import { CONSOLE_HEADERS } from "@quorate/proto";
import type { IncomingHttpHeaders } from "node:http";

/** @returns why the request is refused; undefined when it is not. */
export function refuseForeignCall(headers: IncomingHttpHeaders, host: string): string | undefined {
  if (headers[CONSOLE_HEADERS.csrf] === undefined) return `the header ${CONSOLE_HEADERS.csrf} is missing`;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return "the call comes from another site";
  return refuseForeignOrigin(headers, host);
}

/** For downloads, which a person may also begin by typing the address. */
export function refuseForeignDownload(headers: IncomingHttpHeaders, host: string): string | undefined {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return "the download was begun by another site";
  }
  return refuseForeignOrigin(headers, host);
}

/** The scheme is left out: what ends TLS before the console changes it. */
function refuseForeignOrigin({ origin }: IncomingHttpHeaders, host: string): string | undefined {
  if (origin === undefined) return undefined;
  const isOwn = URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host;
  return isOwn || sameWithoutPort(origin, host) ? undefined : "the call comes from another origin";
}

/** A URL drops the port that its scheme implies; the Host header may have it. */
function sameWithoutPort(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: ownHost } = new URL(origin);
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === ownHost;
}
