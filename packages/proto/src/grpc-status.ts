/** Status codes of gRPC, as they travel in the `grpc-status` trailer. */
export const GrpcStatus = {
  Ok: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

export type GrpcStatusName = keyof typeof GrpcStatus;

const NAMES = Object.keys(GrpcStatus) as GrpcStatusName[];

/** Name of a code as documents and logs spell it; undefined for a number that is no gRPC code. */
export function grpcStatusName(code: number): GrpcStatusName | undefined {
  return NAMES[code];
}
