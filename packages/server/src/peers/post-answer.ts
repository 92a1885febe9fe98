/**
 * What the answer to a post of raft means: 204 is the only success, and 403 says that we are not a member any more, or that whoever
 * answers is not who the message was for. Only the first is ours to act on.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { errorText } from "./http-request.js";
import { readText } from "./read-body.js";

export type PostAnswer =
  | { readonly kind: "delivered" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "removed" };

/** Longest refusal of which the words are of interest. */
const REFUSAL_BYTES_MAX = 4096;

/**
 * In etcd's refusal of a message that is for another member. Where a member was removed and its URL given to a new one, the old process
 * may answer there once more: whoever took that for news of itself would end because of a process that is no member.
 */
const MISMATCH_WORDS = "to mismatch member";

/** Calls `onAnswer` exactly once: with the peer's answer, or with the failure of the connection. */
export function judgeAnswer(request: ClientRequest, onAnswer: (answer: PostAnswer) => void): void {
  let settled = false;
  const settle = (answer: PostAnswer): void => {
    if (settled) return;
    settled = true;
    onAnswer(answer);
  };
  request.on("error", (error) => settle({ kind: "failed", reason: error.message }));
  let answered = false;
  request.once("close", () => {
    // The end of an answer closes the request before whoever waits for its body hears of it.
    if (!answered) settle({ kind: "failed", reason: "unexpected EOF" });
  });
  request.once("response", (response) => {
    answered = true;
    response.on("error", (error) => settle({ kind: "failed", reason: error.message }));
    readText(response, REFUSAL_BYTES_MAX).then(
      (text) => settle(judge(response, text)),
      (error: unknown) => {
        settle({ kind: "failed", reason: errorText(error) });
        request.destroy();
      },
    );
  });
}

function judge(response: IncomingMessage, text: string): PostAnswer {
  if (response.statusCode === 204) return { kind: "delivered" };
  if (response.statusCode === 403 && !text.includes(MISMATCH_WORDS)) return { kind: "removed" };
  const status = `${response.statusCode ?? 0} ${response.statusMessage ?? ""}`;
  return { kind: "failed", reason: `unexpected http status ${status}: ${text.trim()}` };
}
