/** Failures as the transport port has them. */
import type { ChannelError } from "../transport.js";

/** @param sent whether the request may have reached the server. */
export function createChannelError(code: number, message: string, sent: boolean): ChannelError {
  return Object.assign(new Error(message), { name: "ChannelError" as const, code, sent });
}
