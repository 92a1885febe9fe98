import { Code } from "@connectrpc/connect";
import type { ConnectError } from "@connectrpc/connect";

/** Why a member said nothing, for a person: the stack below speaks of sockets and of its own parts. */
export function describeSilence({ code, rawMessage }: ConnectError, where: string): string {
  if (/ECONNREFUSED/.test(rawMessage)) return `Nothing listens at ${where}.`;
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(rawMessage))
    return `There is no such host: ${where}.`;
  if (/EHOSTUNREACH|ENETUNREACH/.test(rawMessage)) return `There is no way to ${where}.`;
  if (/certificate|SSL|TLS/i.test(rawMessage)) return `TLS with ${where} failed: ${withoutNotes(rawMessage)}`;
  if (code === Code.DeadlineExceeded) return `No answer from ${where} in time.`;
  return withoutNotes(rawMessage);
}

function withoutNotes(text: string): string {
  return text
    .replace(/^No connection established\. Last error: (Error: )?/, "")
    .replace(/\s*Resolution note:.*$/s, "");
}
