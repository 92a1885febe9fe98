import { formatHexId, parseHexId } from "@quorate/proto";
import { useCallback } from "react";
import { int64, oneOf, text, useUrlState } from "../../app/url-state.js";

export const DIALOGS = [
  "none",
  "add-learner",
  "add-voter",
  "promote",
  "remove",
  "move-leader",
  "defragment",
  "compact",
  "snapshot",
  "disarm",
] as const;
export type DialogName = (typeof DIALOGS)[number];

const parameters = { do: oneOf(DIALOGS, "none"), member: text(), alarm: int64() };

export interface MemberDialog {
  readonly name: DialogName;
  /** Whom it is about; 0 for none. */
  readonly memberId: bigint;
  /** Kind of the alarm that is to be disarmed. */
  readonly alarm: number;
  readonly open: (name: DialogName, memberId?: bigint, alarm?: number) => void;
  readonly close: () => void;
}

/** The question that is open stands in the URL: a colleague who gets the link sees the same question, and Back closes it. */
export function useMemberDialog(): MemberDialog {
  const [state, set] = useUrlState(parameters);
  return {
    name: state.do,
    memberId: parseHexId(state.member) ?? 0n,
    alarm: Number(state.alarm),
    open: useCallback(
      (name, memberId = 0n, alarm = 0) =>
        set(
          { do: name, member: memberId === 0n ? "" : formatHexId(memberId), alarm: BigInt(alarm) },
          { push: true },
        ),
      [set],
    ),
    close: useCallback(() => set({ do: "none", member: "", alarm: 0n }), [set]),
  };
}
