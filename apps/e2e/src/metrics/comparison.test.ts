/** The series of a member of ours beside those of etcd after the same requests: names, types, labels, buckets. */
import { describe, expect, it } from "vitest";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { missesPrograms } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { WireClient } from "../harness/wire-client.js";
import { LOADS } from "./loads.js";
import { scrape, type Family, type Scrape } from "./scrape.js";

const suite = "the same series as etcd's";
const FLAGS = ["--metrics=extensive"];
/** Older servers lack series and name others differently; from this one on the names are the present ones. */
const SAME_SINCE = "3.6.0";

/** What Go's library tells of the process and Node can't: traffic of the whole machine, and a limit that nobody sets. */
const NOT_HERE: ReadonlySet<string> = new Set([
  "process_network_receive_bytes_total",
  "process_network_transmit_bytes_total",
  "process_virtual_memory_max_bytes",
]);
/** A summary whose quantiles are of Go's collector; ours is empty. */
const OTHER_LABELS: ReadonlySet<string> = new Set(["go_gc_duration_seconds"]);
function labelsOf({ samples }: Family): string[] {
  return [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].sort();
}

function boundsOf({ samples }: Family): string[] {
  return [...new Set(samples.flatMap(({ labels }) => labels["le"] ?? []))];
}

/** What differs in families that both have. */
function differences(ours: Scrape, theirs: Scrape): string[] {
  return [...theirs.families.values()].flatMap((family) => {
    const own = ours.families.get(family.name);
    if (own === undefined) return [];
    const found: string[] = [];
    if (own.type !== family.type) found.push(`${family.name}: ${own.type}, not ${family.type}`);
    // A family without series has no labels to compare.
    if (family.samples.length === 0 || own.samples.length === 0 || OTHER_LABELS.has(family.name))
      return found;
    const [ownLabels, labels] = [labelsOf(own).join(), labelsOf(family).join()];
    if (ownLabels !== labels) found.push(`${family.name}: labels ${ownLabels}, not ${labels}`);
    const [ownBounds, bounds] = [boundsOf(own).join(), boundsOf(family).join()];
    if (ownBounds !== bounds) found.push(`${family.name}: buckets ${ownBounds}, not ${bounds}`);
    return found;
  });
}

describe.skipIf(missesPrograms(suite, ["quorate", "etcd"]))(suite, () => {
  const ours = useMember({ kind: "quorate", flags: FLAGS });
  const theirs = useMember({ kind: "etcd", flags: FLAGS });

  it("have the same names, types, labels and buckets, and each says what it is", async () => {
    const version = await readVersion(theirs());
    const scrapes: Scrape[] = [];
    for (const member of [ours(), theirs()]) {
      const client = new WireClient(member.endpoint);
      for (const { what, run } of LOADS) if (LOADS_OF_ALL_RELEASES.has(what)) await run(client, member);
      client.close();
      scrapes.push(await scrape(member.endpoint));
    }
    const [own, other] = scrapes as [Scrape, Scrape];
    expect([...own.families.values()].filter(({ help }) => help.trim() === "")).toEqual([]);
    const found = differences(own, other);
    if (isOlder(version, SAME_SINCE)) {
      console.warn(
        `names of etcd ${version} alone are not compared: etcd ${SAME_SINCE} or later has the present ones (ETCD_BIN)`,
      );
      expect(found).toEqual([]);
      return;
    }
    const missing = [...other.families.keys()].filter(
      (name) => !own.families.has(name) && !NOT_HERE.has(name),
    );
    expect(missing).toEqual([]);
    expect(found).toEqual([]);
    const foreign = [...own.families.keys()].filter((name) => !other.families.has(name) && !isOurs(name));
    expect(foreign).toEqual([]);
  });
});

/** What both kinds do alike, whatever the release. */
const LOADS_OF_ALL_RELEASES: ReadonlySet<string> = new Set([
  "puts",
  "ranges",
  "requests that are refused",
  "deletions and transactions",
  "compactions",
  "maintenance",
]);

/**
 * Series that etcd does not show, or only once something has happened that did not happen here: Node's and our own, those of other members,
 * of alarms, of probes, of failed promotions.
 */
function isOurs(name: string): boolean {
  return /^(quorate_|nodejs_|process_|etcd_network_|etcd_server_healthcheck|etcd_server_learner_promote_failures$|etcd_debugging_server_alarms$)/.test(
    name,
  );
}
