/** The package `etcdserverpb`, which is spread over three files of definitions. */
export * from "./gen/etcdserverpb/etcdserver_pb.js";
export * from "./gen/etcdserverpb/raft_internal_pb.js";
export * from "./gen/etcdserverpb/rpc_pb.js";
