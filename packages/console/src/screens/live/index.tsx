/** Changes as they happen: watch a prefix, hold it still, look at one. */
import { ArrowDownToLine, Eraser, Pause, Play, Radio, RotateCw, Search } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import type { ReactElement } from "react";
import { useCommands } from "../../app/shortcuts.js";
import { bytesParam, count, flag, int64, oneOf, text, useUrlState } from "../../app/url-state.js";
import { describeError, failureKind, useIsCurrent } from "../../data/index.js";
import { etcdctl, quoteTypeScript } from "../../text/commands.js";
import { formatCount, formatShort } from "../../text/format.js";
import {
  Button,
  Callout,
  CopyAs,
  EmptyState,
  PageHeader,
  Segmented,
  Switch,
  TextField,
  classNames,
} from "../../ui/index.js";
import { EventDetail } from "./event-detail.js";
import { EventList } from "./event-list.js";
import { createMatcher } from "./event-row.js";
import { RateCourse } from "./rate-course.js";
import { useWatch } from "./use-watch.js";
import type { WatchTarget } from "./use-watch.js";
import { WatchForm } from "./watch-form.js";
import "./live.css";

const parameters = {
  prefix: bytesParam(),
  exact: flag(),
  from: int64(),
  kinds: oneOf(["all", "puts", "deletes"], "all"),
  q: text(),
  event: count(),
};

export function Screen(): ReactElement {
  const [state, set] = useUrlState(parameters);
  const { prefix, exact, from } = state;
  const target = useMemo(() => ({ prefix, exact, from }), [prefix, exact, from]);
  const watch = useWatch(target);
  const { snapshot } = watch;
  const filterText = useDeferredValue(state.q);
  const rows = useMemo(() => {
    const matches = createMatcher({
      puts: state.kinds !== "deletes",
      deletes: state.kinds !== "puts",
      text: filterText,
    });
    return snapshot.rows.filter(matches);
  }, [snapshot.rows, state.kinds, filterText]);
  const opened = state.event === 0 ? undefined : snapshot.rows.find((row) => row.sequence === state.event);
  const [follow, setFollow] = useState(true);
  useCommands([
    {
      id: "live.pause",
      label: snapshot.paused ? "Go on with the changes" : "Hold the changes still",
      group: "Live",
      keys: "p",
      run: watch.togglePause,
    },
    { id: "live.clear", label: "Clear the list of changes", group: "Live", run: watch.clear },
  ]);
  const open = (sequence: number): void => set({ event: sequence }, { push: state.event === 0 });
  return (
    <div className={classNames("live", opened !== undefined && "has-detail")}>
      <div className="live-head">
        <PageHeader
          title="Live"
          description="Every change below a prefix, as it happens."
          actions={
            <>
              <CopyAs
                size="m"
                etcdctl={() => etcdctl("watch", [prefix], watchFlags(exact, from))}
                typescript={() => watchCode(target)}
              />
              <Button icon={<Eraser />} disabled={snapshot.rows.length === 0} onClick={watch.clear}>
                Clear
              </Button>
              <Button
                variant="primary"
                icon={snapshot.paused ? <Play /> : <Pause />}
                aria-pressed={snapshot.paused}
                title={snapshot.paused ? "Go on (p)" : "Hold still (p)"}
                onClick={watch.togglePause}
              >
                {snapshot.paused ? "Go on" : "Pause"}
              </Button>
            </>
          }
        />
        <WatchForm
          key={`${String(from)} ${exact}`}
          target={target}
          onChange={(change) => set({ ...change, event: 0 }, { push: true })}
        />
        <div className="live-tools">
          <Segmented
            label="Kinds of changes"
            value={state.kinds}
            onChange={(kinds) => set({ kinds })}
            options={[
              { value: "all", label: "All" },
              { value: "puts", label: "Puts" },
              { value: "deletes", label: "Deletes" },
            ]}
          />
          <TextField
            label="Only changes with this text"
            hideLabel
            placeholder="text in key or value"
            leading={<Search aria-hidden />}
            value={state.q}
            onChange={(q) => set({ q })}
          />
          <Switch label="Follow" checked={follow} onChange={setFollow} />
        </div>
        <StatusLine watch={watch} shown={rows.length} />
        <WatchTrouble
          watch={watch}
          onFromNow={() => {
            // Where it began with now already, only another watch leads on.
            set({ from: 0n });
            watch.restart();
          }}
        />
      </div>
      <div className="live-body">
        <div className="live-list">
          {rows.length === 0 ? (
            <NothingYet
              watch={watch}
              filtered={snapshot.rows.length > 0}
              onForget={() => set({ q: "", kinds: "all" })}
            />
          ) : (
            <EventList
              rows={rows}
              opened={state.event}
              onOpen={open}
              follow={follow && !snapshot.paused && opened === undefined}
              onFollow={setFollow}
            />
          )}
        </div>
        {opened !== undefined && (
          <EventDetail
            row={opened}
            onClose={() => set({ event: 0 })}
            onStep={(step) => {
              const at = rows.findIndex((row) => row.sequence === opened.sequence);
              const next = rows[at + step];
              if (next !== undefined) set({ event: next.sequence });
            }}
          />
        )}
      </div>
    </div>
  );
}

type Watch = ReturnType<typeof useWatch>;

function StatusLine({ watch, shown }: { readonly watch: Watch; readonly shown: number }): ReactElement {
  const { snapshot, state } = watch;
  const isCut = !useIsCurrent() && state === "live";
  const words = snapshot.paused
    ? `Held still, ${formatCount(snapshot.waiting)} waiting`
    : isCut
      ? "No answer from the cluster, nothing new is told"
      : state === "live"
        ? "Watching"
        : state === "lost"
          ? "Connection lost, trying again"
          : state === "over"
            ? "Not watching"
            : "Connecting";
  return (
    <div className="live-status">
      <span
        className={classNames("live-lamp", `is-${snapshot.paused ? "paused" : isCut ? "lost" : state}`)}
        aria-hidden
      />
      <span role="status">{words}</span>
      {snapshot.revision > 0n && <span>revision {formatCount(snapshot.revision)}</span>}
      <span>
        {formatCount(shown)} shown of {formatCount(snapshot.received)}
        {snapshot.dropped > 0 && <>, {formatCount(snapshot.dropped)} oldest dropped</>}
      </span>
      <span className="live-rate">
        <RateCourse course={watch.course} />
        {formatShort(watch.perSecond)}/s
      </span>
    </div>
  );
}

function WatchTrouble({
  watch,
  onFromNow,
}: {
  readonly watch: Watch;
  readonly onFromNow: () => void;
}): ReactElement | null {
  if (watch.error === undefined) return null;
  const { title, detail } = describeError(watch.error);
  const compacted = failureKind(watch.error) === "compacted";
  const isOver = watch.state === "over";
  return (
    <Callout
      tone={isOver ? "bad" : "warn"}
      title={`${title}.`}
      role="alert"
      actions={
        isOver && (
          <Button
            size="s"
            icon={compacted ? <ArrowDownToLine /> : <RotateCw />}
            onClick={compacted ? onFromNow : watch.restart}
          >
            {compacted ? "Watch from now" : "Try again"}
          </Button>
        )
      }
    >
      {detail}
    </Callout>
  );
}

interface NothingYetProps {
  readonly watch: Watch;
  readonly filtered: boolean;
  readonly onForget: () => void;
}

function NothingYet({ watch, filtered, onForget }: NothingYetProps): ReactElement | null {
  if (filtered) {
    return (
      <EmptyState
        icon={<Search />}
        title="Nothing passes the filters"
        action={<Button onClick={onForget}>Show all</Button>}
      >
        {formatCount(watch.snapshot.rows.length)} changes are held back.
      </EmptyState>
    );
  }
  // Why there is nothing, and what to do about it, stands above.
  if (watch.state === "over") return null;
  return (
    <EmptyState
      icon={<Radio />}
      title={watch.state === "live" ? "Nothing has changed yet" : "Not watching yet"}
    >
      Changes appear here the moment the cluster has decided on them. Give a revision to see older ones.
    </EmptyState>
  );
}

function watchFlags(exact: boolean, from: bigint): string[] {
  return [...(exact ? [] : ["--prefix"]), "--prev-kv", ...(from > 0n ? [`--rev=${from}`] : [])];
}

function watchCode({ prefix, exact, from }: WatchTarget): string {
  const key = quoteTypeScript(prefix);
  const options = ["previous: true", ...(from > 0n ? [`startRevision: ${from}n`] : [])].join(", ");
  const range = exact ? key : `{ prefix: ${key} }`;
  return `for await (const event of client.watch(${range}, { ${options} })) {\n  console.log(event);\n}`;
}
