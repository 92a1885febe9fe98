import { useCallback } from "react";
import { oneOf, text, useUrlState } from "../../app/url-state.js";

export const ACCESS_DIALOGS = [
  "none",
  "enable",
  "disable",
  "add-user",
  "password",
  "user-roles",
  "delete-user",
  "add-role",
  "add-permission",
  "delete-role",
] as const;
export type AccessDialog = (typeof ACCESS_DIALOGS)[number];

const TABS = ["users", "roles", "check"] as const;
export type AccessTab = (typeof TABS)[number];

const parameters = {
  tab: oneOf(TABS, "users"),
  do: oneOf(ACCESS_DIALOGS, "none"),
  /** User or role that the open question is about. */
  name: text(),
};

export interface AccessState {
  readonly tab: AccessTab;
  readonly dialog: AccessDialog;
  readonly name: string;
  readonly setTab: (tab: AccessTab) => void;
  readonly open: (dialog: AccessDialog, name?: string) => void;
  readonly close: () => void;
}

export function useAccessState(): AccessState {
  const [state, set] = useUrlState(parameters);
  return {
    tab: state.tab,
    dialog: state.do,
    name: state.name,
    setTab: useCallback((tab) => set({ tab }, { push: true }), [set]),
    open: useCallback((dialog, name = "") => set({ do: dialog, name }, { push: true }), [set]),
    close: useCallback(() => set({ do: "none", name: "" }), [set]),
  };
}
