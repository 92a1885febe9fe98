/** The gRPC server on raw sockets. */
export {};
