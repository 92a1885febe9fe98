/** The TypeScript SDK for Quorate and etcd. */
export type { CallOptions } from "./calls.js";
export type {
  BidiStream,
  Channel,
  ChannelCallOptions,
  ChannelError,
  Metadata,
  Transport,
} from "./transport.js";
