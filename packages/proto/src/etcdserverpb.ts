/** The package `etcdserverpb`, which is spread over several files of definitions. */
export * from "./gen/etcdserverpb/auth_pb.js";
export * from "./gen/etcdserverpb/cluster_pb.js";
export * from "./gen/etcdserverpb/etcdserver_pb.js";
export * from "./gen/etcdserverpb/header_pb.js";
export * from "./gen/etcdserverpb/kv_pb.js";
export * from "./gen/etcdserverpb/lease_pb.js";
export * from "./gen/etcdserverpb/maintenance_pb.js";
export * from "./gen/etcdserverpb/raft_internal_pb.js";
export * from "./gen/etcdserverpb/watch_pb.js";
