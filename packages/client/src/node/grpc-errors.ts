/** Failures of gRPC as the transport port has them. */
import type { ChannelError } from "../transport.js";

export function createChannelError(code: number, message: string, sent: boolean): ChannelError {
  return Object.assign(new Error(message), { name: "ChannelError" as const, code, sent });
}
