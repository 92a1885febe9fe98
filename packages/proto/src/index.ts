/**
 * Protocol definitions, generated code, int64 rules, the error catalogue.
 *
 * Each package of the protocol is a group: `etcdserverpb.RangeRequestSchema`, `mvccpb.KeyValue`. The runtime's `create`,
 * `toBinary` and `fromBinary` are re-exported so that every room uses the one version this package was generated for.
 */
export {
  clone,
  create,
  equals,
  fromBinary,
  fromJson,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
export { BinaryReader } from "@bufbuild/protobuf/wire";
export type {
  DescField,
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  JsonValue,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

export * as authpb from "./gen/authpb/auth_pb.js";
export * as etcdserverpb from "./etcdserverpb.js";
export * as health from "./gen/grpc/health/v1/health_pb.js";
export * as consolepb from "./gen/quorate/console/v1/console_pb.js";
export { CONSOLE_HEADERS } from "./console-headers.js";
export * as leasepb from "./gen/leasepb/lease_pb.js";
export * as membershippb from "./gen/membershippb/membership_pb.js";
export * as mvccpb from "./gen/mvccpb/kv_pb.js";
export * as raftpb from "./gen/raftpb/raft_pb.js";
export * as snappb from "./gen/snappb/snap_pb.js";
export * as v3electionpb from "./gen/v3electionpb/v3election_pb.js";
export * as v3lockpb from "./gen/v3lockpb/v3lock_pb.js";
export * as versionpb from "./gen/versionpb/version_pb.js";
export * as walpb from "./gen/walpb/record_pb.js";

export { ERRORS, findErrorByMessage } from "./error-catalogue.js";
export type { ErrorEntry, ErrorName, RetrySafety } from "./error-catalogue.js";
export { GrpcStatus, grpcStatusName } from "./grpc-status.js";
export type { GrpcStatusName } from "./grpc-status.js";
export {
  counterFromInt64,
  counterToInt64,
  formatHexId,
  formatPaddedHexId,
  formatSignedHexId,
  operandFromInt64,
  parseHexId,
  parseSignedHexId,
  toInt64,
  toUint64,
} from "./int64.js";
