import type { ReactElement } from "react";
import { describeError, useOverview } from "../data/index.js";
import type { OverviewSnapshot } from "../data/index.js";
import { Callout } from "../ui/index.js";

interface Trouble {
  readonly tone: "bad" | "warn";
  readonly title: string;
  readonly detail: string;
}

/** The one trouble with the connection that matters most. @returns undefined when all is well. */
export function findTrouble({ state, overview, error }: OverviewSnapshot): Trouble | undefined {
  if (state === "stale") {
    const { title, detail } = describeError(error);
    return {
      tone: "bad",
      title,
      detail: overview === undefined ? detail : `${detail} What you see is the last known state.`,
    };
  }
  if (overview === undefined) return undefined;
  const refusing = overview.members.find(({ refused }) => refused);
  if (refusing !== undefined) {
    return {
      tone: "bad",
      title: "This cluster checks who asks, and does not take the console's word",
      detail: `${refusing.error} Start the console with --user and --password-file of a user that may see it.`,
    };
  }
  const silent = overview.members.filter(({ status }) => status === undefined);
  const names = silent.map(({ member }) => member?.name || (member?.ID ?? 0n).toString(16)).join(", ");
  if (!overview.hasQuorum) {
    const detail =
      silent.length === 0 ? overview.error : `${names} ${silent.length === 1 ? "does" : "do"} not answer.`;
    return { tone: "bad", title: "No quorum: nothing can be written", detail };
  }
  if (silent.length > 0) {
    return {
      tone: "warn",
      title: silent.length === 1 ? `${names} does not answer` : `${names} do not answer`,
      detail:
        silent.length < overview.members.length
          ? "The others hold the quorum; reading and writing go on."
          : "What was configured answers, but none of the members at the addresses that they advertise.",
    };
  }
  if (overview.alarms.length > 0) {
    return {
      tone: "warn",
      title: "An alarm is raised",
      detail: "See Members for what it means and how to end it.",
    };
  }
  return undefined;
}

/** Why answers may be long in coming. @returns undefined when nothing is known to hold them up. */
export function findWaitReason({ state, overview }: OverviewSnapshot): string | undefined {
  if (state === "stale") return "The console's server does not answer, and is asked again and again.";
  if (overview === undefined || overview.hasQuorum) return undefined;
  return "The cluster has no quorum: it answers when enough members are back.";
}

export function ConnectionBanner(): ReactElement {
  const trouble = findTrouble(useOverview());
  return (
    <div className="app-banner" aria-live="polite">
      {trouble !== undefined && (
        <Callout tone={trouble.tone} title={trouble.title}>
          {trouble.detail}
        </Callout>
      )}
    </div>
  );
}
