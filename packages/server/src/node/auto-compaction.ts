/** Wires the automatic compaction of the flags to the member: the leader proposes, everybody applies. */
import { startPeriodicCompactor, startRevisionCompactor } from "../member/auto-compactor.js";
import { ProposalError, proposeRequest } from "../member/internal-requests.js";
import type { MemberFacade } from "../member/member-facade.js";
import type { Member } from "../member/member.js";
import type { MemberPorts } from "../member/ports.js";
import type { MemberConfig } from "./config/config.js";

/** @returns what stops it. */
export function startAutoCompactor(
  config: MemberConfig,
  member: Member,
  facade: MemberFacade,
  ports: MemberPorts,
): () => void {
  const parts = {
    clock: ports.clock,
    scheduler: ports.scheduler,
    report: ports.report,
    revision: () => facade.store.revision,
    isLeader: () => facade.leaderId === facade.memberId,
    compact: async (revision: number): Promise<boolean> => {
      try {
        const { refusal } = await proposeRequest(member, { compaction: { revision: BigInt(revision) } });
        return refusal === undefined || refusal === "compacted";
      } catch (error) {
        if (error instanceof ProposalError) return false;
        throw error;
      }
    },
  };
  switch (config.autoCompaction.kind) {
    case "off":
      return () => undefined;
    case "periodic":
      return startPeriodicCompactor(parts, config.autoCompaction.periodMs);
    case "revision":
      return startRevisionCompactor(parts, config.autoCompaction.retention);
  }
}
