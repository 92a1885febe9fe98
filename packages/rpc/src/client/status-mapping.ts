/** What the layers below gRPC mean in its terms. Sources: gRPC over HTTP/2, "Errors"; gRPC, "HTTP to gRPC status code mapping". */
import { ErrorCode } from "../http2/frame.js";
import { GrpcStatus } from "../status.js";

/** For a response that is no gRPC. */
export function codeOfHttpStatus(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return GrpcStatus.internal;
    case 401:
      return GrpcStatus.unauthenticated;
    case 403:
      return GrpcStatus.permissionDenied;
    case 404:
      return GrpcStatus.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus.unavailable;
    default:
      return GrpcStatus.unknown;
  }
}

/** For a call whose stream the server has reset. */
export function codeOfReset(errorCode: number): number {
  switch (errorCode) {
    case ErrorCode.refusedStream:
      return GrpcStatus.unavailable;
    case ErrorCode.cancel:
      return GrpcStatus.cancelled;
    case ErrorCode.enhanceYourCalm:
      return GrpcStatus.resourceExhausted;
    case inadequateSecurity:
      return GrpcStatus.permissionDenied;
    default:
      return GrpcStatus.internal;
  }
}

const inadequateSecurity = 0xc;

/** The name of an error code of HTTP/2, for people. */
export function nameOfErrorCode(errorCode: number): string {
  for (const [name, code] of Object.entries(ErrorCode)) if (code === errorCode) return name;
  return `error ${errorCode}`;
}
