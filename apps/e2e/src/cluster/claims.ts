import type { PlacedMember } from "../faults/placed-member.js";

/** What a member says of itself and of its leader. */
export interface Claim {
  readonly member: PlacedMember;
  readonly id: bigint;
  /** 0 for none. */
  readonly leaderId: bigint;
  readonly term: number;
  readonly appliedIndex: bigint;
  readonly committedIndex: bigint;
  /** For a reader of a failure. */
  readonly text: string;
}

/** Asks all members at once; those that do not answer are left out. */
export async function readClaims(members: readonly PlacedMember[]): Promise<readonly Claim[]> {
  const claims = await Promise.all(
    members
      .filter(({ isAwake }) => isAwake)
      .map(async (member) => {
        const status = await member.status();
        if (!status.ok) return [];
        const { header, leader, raftTerm, raftAppliedIndex, raftIndex } = status.message;
        const text = `${member.name} follows ${leader.toString(16)} in term ${raftTerm}, applied ${raftAppliedIndex}`;
        return [
          {
            member,
            id: header?.memberId ?? 0n,
            leaderId: leader,
            term: Number(raftTerm),
            appliedIndex: raftAppliedIndex,
            committedIndex: raftIndex,
            text,
          },
        ];
      }),
  );
  return claims.flat();
}
