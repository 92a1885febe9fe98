/** The parts of a member, for whoever puts it into another world than Node's: the simulator. */
export { createClusterSide, createSha256, type ClusterSide } from "./node/cluster-side.js";
export { identityFromConfig, type Birth } from "./node/bootstrap.js";
export { resolveConfig, type MemberConfig } from "./node/config/config.js";
export type { Logger } from "./node/log/logger.js";
export { openMember, type Network, type OpenMember, type TransportIdentity } from "./node/open-member.js";
export type { DataDirPort, RemotePort, SpoolPort, SpoolSource, World } from "./node/world.js";
export { registerServices, type RegisteredServices, type ServiceRegistry } from "./api/register-services.js";
export type { OutgoingSnapshot, PeerEvents, PeerTransport, Reception } from "./member/peer-ports.js";
export type { CredentialsPort } from "./api/ports/credentials-port.js";
export { SimpleTokens, type SimpleTokensParts } from "./auth/simple-tokens.js";
export type { ClockPort, SchedulerPort } from "./member/ports.js";
export { QUEUE_LIMITS, type QueueLevel, type QueueLimits } from "./member/queue-limits.js";
export type { LocalLeases, PeerLocalPort } from "./peers/local-port.js";
export { RemoteFailure } from "./peers/remote.js";
