/** Cluster and Maintenance over the overview of the fake console: what is done shows in the next overview. */
import type { ConnectRouter } from "@connectrpc/connect";
import { CONSOLE_HEADERS, consolepb, create, etcdserverpb, formatHexId } from "@quorate/proto";

export interface FakeOperations {
  /** Every call that changed something, in words. */
  readonly calls: string[];
  readonly routes: (router: ConnectRouter) => void;
}

/** @param overview of the fake console, asked for late because the fake is made with these routes. */
export function createFakeOperations(overview: () => consolepb.GetOverviewResponse): FakeOperations {
  const calls: string[] = [];
  const find = (id: bigint): consolepb.MemberOverview | undefined =>
    overview().members.find(({ member }) => member?.ID === id);
  const name = (id: bigint): string => find(id)?.member?.name ?? formatHexId(id);
  return {
    calls,
    routes: (router) => {
      router.service(etcdserverpb.Cluster, {
        memberAdd: ({ peerURLs, isLearner }) => {
          const member = { ID: 0x5ca1ab1e00n + BigInt(overview().members.length), peerURLs, isLearner };
          overview().members.push(
            create(consolepb.MemberOverviewSchema, { member, error: "connection refused" }),
          );
          calls.push(`add ${isLearner ? "learner" : "voter"} ${peerURLs.join(",")}`);
          return { member };
        },
        memberRemove: ({ ID }) => {
          calls.push(`remove ${name(ID)}`);
          overview().members = overview().members.filter(({ member }) => member?.ID !== ID);
          return {};
        },
        memberPromote: ({ ID }) => {
          calls.push(`promote ${name(ID)}`);
          const member = find(ID)?.member;
          if (member !== undefined) member.isLearner = false;
          return {};
        },
      });
      router.service(etcdserverpb.Maintenance, {
        moveLeader: ({ targetID }, context) => {
          calls.push(
            `move leader to ${name(targetID)} at ${context.requestHeader.get(CONSOLE_HEADERS.member) ?? ""}`,
          );
          overview().leaderId = targetID;
          return {};
        },
        defragment: (_request, context) => {
          calls.push(`defragment ${context.requestHeader.get(CONSOLE_HEADERS.member) ?? ""}`);
          return {};
        },
        alarm: ({ memberID, alarm }) => {
          calls.push(`disarm ${alarm} of ${name(memberID)}`);
          overview().alarms = [];
          return {};
        },
      });
    },
  };
}
