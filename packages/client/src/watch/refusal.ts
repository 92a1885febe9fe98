/**
 * What a `canceled` answer of the Watch RPC says in words. Servers give the reason as Go prints a status:
 * `rpc error: code = PermissionDenied desc = etcdserver: permission denied`.
 */
import type { etcdserverpb } from "@quorate/proto";
import { isTokenRefusal } from "../connection/judge-failure.js";

/** The text of a refusal without the words around it. */
export function watchRefusalText({ cancelReason }: etcdserverpb.WatchResponse): string {
  return /^rpc error: code = \w+ desc = (.*)$/s.exec(cancelReason)?.[1] ?? cancelReason;
}

/**
 * The refusal of a watch that concerns its stream's token, if it is one: no other watch would be accepted on that stream either. For
 * `refusalIn` of `calls.bidi`, which then ends the stream and takes another token for the next one.
 */
export function watchTokenRefusal(response: etcdserverpb.WatchResponse): string | undefined {
  if (!response.canceled) return undefined;
  const text = watchRefusalText(response);
  return isTokenRefusal(text) ? text : undefined;
}
