/** How a call over gRPC-Web ended: in the last frame, in the headers when there is no body, or in HTTP's own words. */
import { GrpcStatus } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import type { ChannelError } from "../transport.js";

/** What of HTTP a server or a proxy means that never spoke gRPC. Source: grpc/grpc, http-grpc-status-mapping.md. */
const CODE_BY_HTTP_STATUS: Readonly<Record<number, number>> = {
  400: GrpcStatus.Internal,
  401: GrpcStatus.Unauthenticated,
  403: GrpcStatus.PermissionDenied,
  404: GrpcStatus.Unimplemented,
  429: GrpcStatus.Unavailable,
  502: GrpcStatus.Unavailable,
  503: GrpcStatus.Unavailable,
  504: GrpcStatus.Unavailable,
};

export type ReadField = (name: string) => string | undefined;

/** The fields of the last frame. */
export function parseTrailers(payload: Uint8Array): ReadField {
  const fields = new Map<string, string>();
  for (const line of new TextDecoder().decode(payload).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return (name) => fields.get(name);
}

/** @returns undefined for a call that succeeded. @param read of a block that has a `grpc-status`. */
export function failureIn(read: ReadField): ChannelError | undefined {
  const text = read("grpc-status") ?? "";
  const code = /^\d{1,2}$/.test(text) ? Number(text) : GrpcStatus.Unknown;
  return code === GrpcStatus.Ok
    ? undefined
    : createChannelError(code, decodePercents(read("grpc-message") ?? ""), true);
}

/** Of an answer that is none of gRPC-Web's. */
export function failureOfHttp(status: number, contentType: string): ChannelError {
  const text =
    status === 200
      ? `an answer that is no gRPC-Web: ${contentType === "" ? "without a type" : contentType}`
      : `HTTP ${status}; does the server take gRPC-Web from here (--grpc-web-origins)?`;
  return createChannelError(CODE_BY_HTTP_STATUS[status] ?? GrpcStatus.Unknown, text, true);
}

/** Text that is not encoded as it should be is taken as it is. */
function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
