/**
 * What a call that failed is answered with, as etcd 3.7 writes it.
 *
 * Older Patroni, the 3.0 of Debian 12 among them, reads the names that the gateway of etcd 3.5 and older used, and takes an error without
 * them for one that it can't do anything about: it would never log in. It says who it is, and gets both spellings. Everybody else gets
 * exactly what etcd 3.7 sends.
 */
import type { ServerResponse } from "node:http";
import { httpStatusOf } from "./http-status.js";

const READS_OLD_NAMES = /^Patroni\//;

/** The body of an answer that is one message. */
export function errorBody(response: ServerResponse, code: number, message: string): string {
  return JSON.stringify(readsOldNames(response) ? { error: message, code, message } : { code, message });
}

/** The last line of an answer that is a stream. */
export function errorLine(response: ServerResponse, code: number, message: string): string {
  const old = readsOldNames(response) ? { grpc_code: code, http_code: httpStatusOf(code) } : {};
  return `${JSON.stringify({ error: { code, message, ...old } })}\n`;
}

function readsOldNames({ req }: ServerResponse): boolean {
  return READS_OLD_NAMES.test(req.headers["user-agent"] ?? "");
}
