/** What an embedded member says it is; the server binary has the same two of its own. */

/** The line of etcd whose protocols, log and storage semantics are implemented; peers and clients compare it. */
export const ETCD_VERSION = "3.7.0";
/** The version of these packages. */
export const QUORATE_VERSION = "0.1.0";
