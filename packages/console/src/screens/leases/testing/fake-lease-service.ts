import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectRouter } from "@connectrpc/connect";
import { create, etcdserverpb } from "@quorate/proto";

type Lease = etcdserverpb.LeaseTimeToLiveResponse;

/** The Lease service over the list of the fake console. */
export function fakeLeaseService(leases: () => Lease[]): (router: ConnectRouter) => void {
  return (router) => {
    router.service(etcdserverpb.Lease, {
      leaseGrant: ({ ID, TTL }) => {
        const id = ID === 0n ? 0x694d00n + BigInt(leases().length) : ID;
        if (leases().some((lease) => lease.ID === id)) {
          throw new ConnectError("etcdserver: lease already exists", Code.FailedPrecondition);
        }
        leases().push(create(etcdserverpb.LeaseTimeToLiveResponseSchema, { ID: id, TTL, grantedTTL: TTL }));
        return { ID: id, TTL };
      },
      leaseRevoke: ({ ID }) => {
        const at = leases().findIndex((lease) => lease.ID === ID);
        if (at < 0) throw new ConnectError("etcdserver: requested lease not found", Code.NotFound);
        leases().splice(at, 1);
        return {};
      },
      leaseTimeToLive: ({ ID }) => leases().find((lease) => lease.ID === ID) ?? { ID, TTL: -1n },
    });
  };
}
