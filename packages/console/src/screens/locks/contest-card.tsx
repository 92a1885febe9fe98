import { formatSignedHexId } from "@quorate/proto";
import { Link } from "@tanstack/react-router";
import { Crown, KeyRound, MoreHorizontal, Unlink } from "lucide-react";
import { useState } from "react";
import type { ReactElement } from "react";
import type { MayWrite } from "../../data/index.js";
import { escapeBytes } from "../../text/escape.js";
import { formatCount, formatDuration, plural } from "../../text/format.js";
import { Badge, Button, IconButton, KeyText, Menu } from "../../ui/index.js";
import { TimeLeft } from "../leases/time-left.js";
import type { ContenderView, ContestView } from "./contest-view.js";
import type { Sighting, Sightings } from "./sightings.js";

export interface ContestCardProps {
  readonly contest: ContestView;
  readonly sightings: Sightings;
  readonly nowMs: number;
  /** When the answer came: countdowns start there. */
  readonly seenAtMs: number;
  readonly mayWrite: MayWrite;
  readonly onTake: (identity: string) => void;
}

/** Waiters that are shown before somebody asks for all. */
const waitersShown = 3;

export function ContestCard(props: ContestCardProps): ReactElement {
  const { contest, sightings } = props;
  const [all, setAll] = useState(false);
  const election = contest.kind === "election";
  const waiters = all ? contest.waiters : contest.waiters.slice(0, waitersShown);
  const hidden = contest.waiters.length - waiters.length;
  return (
    <li className="locks-card">
      <header className="locks-card-head">
        <h2>
          <KeyText bytes={contest.name} emphasis />
        </h2>
        <Badge
          tone={election ? "info" : "accent"}
          icon={election ? <Crown aria-hidden /> : <KeyRound aria-hidden />}
        >
          {election ? "Election" : "Lock"}
        </Badge>
        <span className="locks-waiting">
          {contest.waiters.length === 0 ? "nobody waits" : `${formatCount(contest.waiters.length)} waiting`}
        </span>
      </header>
      <ol className="locks-contenders">
        <Contender
          {...props}
          contender={contest.holder}
          place={election ? "Leads" : "Holds"}
          sighting={sightings.since("holds", contest.holder.identity)}
          holds
        />
        {waiters.map((waiter, at) => (
          <Contender
            key={waiter.identity}
            {...props}
            contender={waiter}
            place={`${at + 1}`}
            sighting={sightings.since("waits", waiter.identity)}
            holds={false}
          />
        ))}
      </ol>
      {hidden > 0 && (
        <Button size="s" variant="quiet" onClick={() => setAll(true)}>
          Show {plural(hidden, "more who waits", "more who wait")}
        </Button>
      )}
    </li>
  );
}

interface ContenderProps extends ContestCardProps {
  readonly contender: ContenderView;
  readonly place: string;
  readonly sighting: Sighting | undefined;
  readonly holds: boolean;
}

function Contender(props: ContenderProps): ReactElement {
  const { contest, contender, place, sighting, holds, nowMs, seenAtMs, mayWrite, onTake } = props;
  const hex = formatSignedHexId(contender.lease);
  const lease = { grantedSeconds: 0, leftSeconds: contender.leftSeconds, seenAtMs };
  return (
    <li className={holds ? "locks-contender is-holder" : "locks-contender"}>
      <span className="locks-place">
        {holds ? place : <span aria-label={`Waits at place ${place}`}>{place}</span>}
      </span>
      <div className="locks-who">
        {contender.value.length > 0 && <KeyText bytes={contender.value} className="locks-value" truncate />}
        <span className="locks-facts">
          <Link to="/leases" search={{ lease: BigInt.asUintN(64, contender.lease).toString(16) } as never}>
            lease {hex}
          </Link>
          <span>
            {holds && contest.kind === "lock" ? "fencing token" : "revision"}{" "}
            {formatCount(contender.createRevision)}
          </span>
          {sighting !== undefined && <span>{describeAge(sighting, nowMs)}</span>}
        </span>
      </div>
      <TimeLeft lease={lease} nowMs={nowMs} />
      <Menu
        label={`Actions for ${hex}`}
        trigger={
          <IconButton
            label={`Actions for the contender with lease ${hex}`}
            icon={<MoreHorizontal />}
            size="s"
            tooltip={false}
          />
        }
        items={[
          {
            label: holds ? "Take it away" : "Send away",
            icon: <Unlink aria-hidden />,
            tone: "danger",
            hint:
              mayWrite.reason ?? (holds ? "The next in line gets it." : "It loses its place in the line."),
            disabled: !mayWrite.allowed,
            onSelect: () => onTake(contender.identity),
          },
        ]}
      />
      <span className="visually-hidden">{escapeBytes(contender.keyBytes)}</span>
    </li>
  );
}

function describeAge({ sinceMs, exact }: Sighting, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - sinceMs) / 1000));
  return `${exact ? "for" : "for at least"} ${seconds < 1 ? "1 s" : formatDuration(seconds)}`;
}
