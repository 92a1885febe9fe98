/**
 * The error catalogue: every error text a client can meet, in one table that the server writes from and the client
 * reads with.
 *
 * Other people's clients recognise an error by its exact text, retry by its wire code, and count by both; so a text is
 * never edited. Where the code meant and the code sent differ, the difference is a habit clients have learnt.
 * `docs/reference/errors.md` is the same table for readers; a test holds the two together.
 * Not here: texts of gRPC itself (oversized messages, unknown methods) and cancel reasons inside watch responses.
 */
import { GrpcStatus as S } from "./grpc-status.js";
import type { GrpcStatus } from "./grpc-status.js";

/**
 * What may be repeated after the error.
 * - `none`: the same request will fail again, or its caller has given up.
 * - `read`: a write may have taken effect, so only requests that change nothing may be repeated.
 * - `always`: the request had no effect; it may succeed later, at another member, or after a new login.
 */
export type RetrySafety = "none" | "read" | "always";

export interface ErrorEntry {
  /** The code that fits the error. */
  readonly code: GrpcStatus;
  /** The code that is sent. */
  readonly wireCode: GrpcStatus;
  /** Exact text of the status. */
  readonly message: string;
  /** Whether the usual clients turn the text into a typed error of their own. */
  readonly recognised: boolean;
  readonly retry: RetrySafety;
}

export type ErrorName =
  | "empty-key"
  | "key-not-found"
  | "value-provided"
  | "lease-provided"
  | "too-many-ops"
  | "duplicate-key"
  | "invalid-client-api-version"
  | "invalid-sort-option"
  | "compacted"
  | "future-revision"
  | "no-space"
  | "lease-not-found"
  | "lease-exist"
  | "lease-ttl-too-large"
  | "watch-canceled"
  | "member-exist"
  | "peer-url-exist"
  | "member-not-enough-started"
  | "member-bad-urls"
  | "member-not-found"
  | "member-not-learner"
  | "learner-not-ready"
  | "too-many-learners"
  | "cluster-id-mismatch"
  | "request-too-large"
  | "too-many-requests"
  | "root-user-not-exist"
  | "root-role-not-exist"
  | "user-already-exist"
  | "user-empty"
  | "user-not-found"
  | "role-already-exist"
  | "role-not-found"
  | "role-empty"
  | "auth-failed"
  | "permission-not-given"
  | "permission-denied"
  | "role-not-granted"
  | "permission-not-granted"
  | "auth-not-enabled"
  | "invalid-auth-token"
  | "invalid-auth-mgmt"
  | "auth-old-revision"
  | "no-leader"
  | "not-leader"
  | "leader-changed"
  | "not-capable"
  | "stopped"
  | "timeout"
  | "timeout-due-to-leader-fail"
  | "timeout-due-to-connection-lost"
  | "timeout-wait-applied-index"
  | "unhealthy"
  | "corrupt"
  | "not-supported-for-learner"
  | "bad-leader-transferee"
  | "wrong-downgrade-version-format"
  | "invalid-downgrade-target-version"
  | "cluster-version-unavailable"
  | "downgrade-in-process"
  | "no-inflight-downgrade"
  | "request-canceled"
  | "request-deadline-exceeded"
  | "session-expired"
  | "election-not-leader"
  | "election-no-leader"
  | "leader-key-missing"
  | "lock-watcher-lost"
  | "not-primary-lessor"
  | "proposal-dropped"
  | "unknown-method"
  | "timeout-leader-transfer"
  | "no-password-user"
  | "verify-only-key"
  | "range-stream-sort"
  | "range-stream-filter"
  | "context-canceled"
  | "context-deadline-exceeded";

function typed(
  code: GrpcStatus,
  message: string,
  retry: RetrySafety,
  wireCode: GrpcStatus = code,
): ErrorEntry {
  return { code, wireCode, message, recognised: true, retry };
}

function untyped(code: GrpcStatus, message: string, retry: RetrySafety): ErrorEntry {
  return { code, wireCode: code, message, recognised: false, retry };
}

export const ERRORS: Readonly<Record<ErrorName, ErrorEntry>> = {
  "empty-key": typed(S.InvalidArgument, "etcdserver: key is not provided", "none"),
  "key-not-found": typed(S.InvalidArgument, "etcdserver: key not found", "none"),
  "value-provided": typed(S.InvalidArgument, "etcdserver: value is provided", "none"),
  "lease-provided": typed(S.InvalidArgument, "etcdserver: lease is provided", "none"),
  "too-many-ops": typed(S.InvalidArgument, "etcdserver: too many operations in txn request", "none"),
  "duplicate-key": typed(S.InvalidArgument, "etcdserver: duplicate key given in txn request", "none"),
  "invalid-client-api-version": untyped(S.InvalidArgument, "etcdserver: invalid client api version", "none"),
  "invalid-sort-option": typed(S.InvalidArgument, "etcdserver: invalid sort option", "none"),
  compacted: typed(S.OutOfRange, "etcdserver: mvcc: required revision has been compacted", "none"),
  "future-revision": typed(S.OutOfRange, "etcdserver: mvcc: required revision is a future revision", "none"),
  "no-space": typed(S.ResourceExhausted, "etcdserver: mvcc: database space exceeded", "none"),
  "lease-not-found": typed(S.NotFound, "etcdserver: requested lease not found", "none"),
  "lease-exist": typed(S.FailedPrecondition, "etcdserver: lease already exists", "none"),
  "lease-ttl-too-large": typed(S.OutOfRange, "etcdserver: too large lease TTL", "none"),
  "watch-canceled": untyped(S.Canceled, "etcdserver: watch canceled", "none"),
  "member-exist": typed(S.FailedPrecondition, "etcdserver: member ID already exist", "none"),
  "peer-url-exist": typed(S.FailedPrecondition, "etcdserver: Peer URLs already exists", "none"),
  "member-not-enough-started": typed(
    S.FailedPrecondition,
    "etcdserver: re-configuration failed due to not enough started members",
    "always",
    S.Unknown,
  ),
  "member-bad-urls": typed(S.InvalidArgument, "etcdserver: given member URLs are invalid", "none"),
  "member-not-found": typed(S.NotFound, "etcdserver: member not found", "none"),
  "member-not-learner": typed(S.FailedPrecondition, "etcdserver: can only promote a learner member", "none"),
  "learner-not-ready": typed(
    S.FailedPrecondition,
    "etcdserver: can only promote a learner member which is in sync with leader",
    "always",
  ),
  "too-many-learners": typed(S.FailedPrecondition, "etcdserver: too many learner members in cluster", "none"),
  "cluster-id-mismatch": typed(S.FailedPrecondition, "etcdserver: cluster ID mismatch", "none"),
  "request-too-large": typed(S.InvalidArgument, "etcdserver: request is too large", "none"),
  "too-many-requests": typed(S.ResourceExhausted, "etcdserver: too many requests", "always", S.Unknown),
  "root-user-not-exist": typed(S.FailedPrecondition, "etcdserver: root user does not exist", "none"),
  "root-role-not-exist": typed(S.FailedPrecondition, "etcdserver: root user does not have root role", "none"),
  "user-already-exist": typed(S.FailedPrecondition, "etcdserver: user name already exists", "none"),
  "user-empty": typed(S.InvalidArgument, "etcdserver: user name is empty", "none"),
  "user-not-found": typed(S.FailedPrecondition, "etcdserver: user name not found", "none"),
  "role-already-exist": typed(S.FailedPrecondition, "etcdserver: role name already exists", "none"),
  "role-not-found": typed(S.FailedPrecondition, "etcdserver: role name not found", "none"),
  "role-empty": typed(S.InvalidArgument, "etcdserver: role name is empty", "none"),
  "auth-failed": typed(
    S.InvalidArgument,
    "etcdserver: authentication failed, invalid user ID or password",
    "none",
  ),
  "permission-not-given": untyped(S.InvalidArgument, "etcdserver: permission not given", "none"),
  "permission-denied": typed(S.PermissionDenied, "etcdserver: permission denied", "none"),
  "role-not-granted": typed(S.FailedPrecondition, "etcdserver: role is not granted to the user", "none"),
  "permission-not-granted": typed(
    S.FailedPrecondition,
    "etcdserver: permission is not granted to the role",
    "none",
  ),
  "auth-not-enabled": typed(S.FailedPrecondition, "etcdserver: authentication is not enabled", "none"),
  "invalid-auth-token": typed(S.Unauthenticated, "etcdserver: invalid auth token", "always"),
  "invalid-auth-mgmt": typed(S.InvalidArgument, "etcdserver: invalid auth management", "none"),
  "auth-old-revision": typed(S.InvalidArgument, "etcdserver: revision of auth store is old", "always"),
  "no-leader": typed(S.Unavailable, "etcdserver: no leader", "always"),
  "not-leader": typed(S.FailedPrecondition, "etcdserver: not leader", "always"),
  "leader-changed": typed(S.Unavailable, "etcdserver: leader changed", "read"),
  "not-capable": typed(S.FailedPrecondition, "etcdserver: not capable", "none"),
  stopped: typed(S.Unavailable, "etcdserver: server stopped", "read"),
  timeout: typed(S.Unavailable, "etcdserver: request timed out", "read"),
  "timeout-due-to-leader-fail": typed(
    S.Unavailable,
    "etcdserver: request timed out, possibly due to previous leader failure",
    "read",
  ),
  "timeout-due-to-connection-lost": typed(
    S.Unavailable,
    "etcdserver: request timed out, possibly due to connection lost",
    "read",
  ),
  "timeout-wait-applied-index": untyped(
    S.Unavailable,
    "etcdserver: request timed out, waiting for the applied index took too long",
    "read",
  ),
  unhealthy: typed(S.Unavailable, "etcdserver: unhealthy cluster", "always"),
  corrupt: typed(S.DataLoss, "etcdserver: corrupt cluster", "none"),
  "not-supported-for-learner": typed(
    S.FailedPrecondition,
    "etcdserver: rpc not supported for learner",
    "always",
  ),
  "bad-leader-transferee": typed(S.FailedPrecondition, "etcdserver: bad leader transferee", "none"),
  "wrong-downgrade-version-format": typed(
    S.InvalidArgument,
    "etcdserver: wrong downgrade target version format",
    "none",
  ),
  "invalid-downgrade-target-version": typed(
    S.InvalidArgument,
    "etcdserver: invalid downgrade target version",
    "none",
  ),
  "cluster-version-unavailable": typed(
    S.FailedPrecondition,
    "etcdserver: cluster version not found during downgrade",
    "none",
  ),
  "downgrade-in-process": typed(
    S.FailedPrecondition,
    "etcdserver: cluster has a downgrade job in progress",
    "none",
  ),
  "no-inflight-downgrade": typed(S.FailedPrecondition, "etcdserver: no inflight downgrade job", "none"),
  "request-canceled": untyped(S.Canceled, "etcdserver: request canceled", "none"),
  "request-deadline-exceeded": untyped(S.DeadlineExceeded, "etcdserver: context deadline exceeded", "read"),
  "session-expired": untyped(S.Unknown, "mutex: session is expired", "none"),
  "election-not-leader": untyped(S.Unknown, "election: not leader", "none"),
  "election-no-leader": untyped(S.Unknown, "election: no leader", "none"),
  "leader-key-missing": untyped(S.Unknown, '"leader" field must be provided', "none"),
  "lock-watcher-lost": untyped(S.Unknown, "lost watcher waiting for delete", "none"),
  "not-primary-lessor": untyped(S.Unknown, "not a primary lessor", "always"),
  "proposal-dropped": untyped(S.Unknown, "raft proposal dropped", "always"),
  "unknown-method": untyped(S.Unknown, "etcdserver: unknown method", "none"),
  "timeout-leader-transfer": untyped(
    S.Unknown,
    "etcdserver: request timed out, leader transfer took too long",
    "read",
  ),
  "no-password-user": untyped(
    S.Unknown,
    "auth: authentication failed, password was given for no password user",
    "none",
  ),
  "verify-only-key": untyped(S.Unknown, "auth: token signing attempted with verify-only key", "none"),
  "range-stream-sort": untyped(S.Unimplemented, "RangeStream does not support custom sort orders", "none"),
  "range-stream-filter": untyped(S.Unimplemented, "RangeStream does not support revision filters", "none"),
  "context-canceled": untyped(S.Canceled, "context canceled", "none"),
  "context-deadline-exceeded": untyped(S.DeadlineExceeded, "context deadline exceeded", "read"),
};

const NAME_BY_MESSAGE: ReadonlyMap<string, ErrorName> = new Map(
  (Object.keys(ERRORS) as ErrorName[]).map((name) => [ERRORS[name].message, name]),
);

/** The error a status text stands for; undefined for a text that is not in the catalogue. */
export function findErrorByMessage(message: string): ErrorName | undefined {
  return NAME_BY_MESSAGE.get(message);
}
