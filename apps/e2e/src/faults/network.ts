/**
 * A small network of its own: one namespace for each place, joined by a bridge that the tests sit on too.
 *
 * ```
 *   tests (bridge, x.1) --+-- place 0 (x.10)
 *                         +-- place 1 (x.11)      every place has a filter on what leaves it
 *                         +-- place 2 (x.12)
 * ```
 *
 * A cut is made in one direction, at the sender; two of them are a partition. Names carry the process id: they are unique
 * on the machine, and what a killed run left behind is found and removed by the next. One network per process at a time.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { runCommand } from "../harness/run-command.js";
import { formatPacketFilter } from "./packet-filter.js";
import type { Place } from "./place.js";

const NAME_PREFIX = "qfault";
const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const HOST_PART_OF_TESTS = 1;
const HOST_PART_OF_FIRST_PLACE = 10;
const PLACES_MAX = 16;
/** Every namespace calls its end of the cable so. */
const INNER_DEVICE = "eth0";

export class Network {
  readonly places: readonly Place[];
  readonly #name: string;
  readonly #subnet: string;
  /** By place: the addresses it cannot send to. */
  readonly #cuts: readonly Set<string>[];
  readonly #lossShares: number[];
  readonly #removeAtExit = (): void => this.#removeNow();

  private constructor(count: number) {
    this.#name = `${NAME_PREFIX}${process.pid}`;
    this.#subnet = `10.${128 + ((process.pid >> 8) & 127)}.${process.pid & 255}`;
    this.places = Array.from({ length: count }, (_, place) => ({
      address: `${this.#subnet}.${HOST_PART_OF_FIRST_PLACE + place}`,
      clientPort: CLIENT_PORT,
      peerPort: PEER_PORT,
      commandPrefix: ["ip", "netns", "exec", this.#namespace(place)],
    }));
    this.#cuts = this.places.map(() => new Set());
    this.#lossShares = this.places.map(() => 0);
  }

  /** @returns a text that says why there can be no network of its own here, when that is so. */
  static async create(count: number): Promise<Network | string> {
    if (count > PLACES_MAX) throw new Error(`a network has at most ${PLACES_MAX} places`);
    if (process.platform !== "linux") return "network namespaces are only known on Linux";
    if (process.getuid?.() !== 0) return "making network namespaces needs root";
    await removeLeftovers();
    const network = new Network(count);
    process.once("exit", network.#removeAtExit);
    const problem = await network.#build();
    if (problem === undefined) return network;
    network.remove();
    return problem;
  }

  /** Where the tests and their clients are, as members see them. */
  get testAddress(): string {
    return `${this.#subnet}.${HOST_PART_OF_TESTS}`;
  }

  /** From now on nothing that `from` sends reaches `to`. The other direction is left as it is. */
  async cut(from: number, to: number): Promise<void> {
    this.#cutsOf(from).add(this.#placeAt(to).address);
    await this.#applyRule(from);
  }

  /** Nothing passes between `place` and the other places; clients still reach it. */
  async isolate(place: number): Promise<void> {
    for (const other of this.#othersOf(place))
      await Promise.all([this.cut(place, other), this.cut(other, place)]);
  }

  /** `place` hears the others and is not heard. */
  async mute(place: number): Promise<void> {
    for (const other of this.#othersOf(place)) await this.cut(place, other);
  }

  /** `place` is heard and does not hear the others. */
  async deafen(place: number): Promise<void> {
    for (const other of this.#othersOf(place)) await this.cut(other, place);
  }

  /** From now on a share of what `place` sends to anybody, clients too, is lost. */
  async lose(place: number, share: number): Promise<void> {
    this.#lossShares[place] = share;
    await this.#applyRule(place);
  }

  /** Everything passes again. */
  async heal(): Promise<void> {
    for (const [place] of this.places.entries()) {
      this.#cutsOf(place).clear();
      this.#lossShares[place] = 0;
      await this.#applyRule(place);
    }
  }

  /** Takes everything away; processes that still run in a namespace keep it alive, without its cable. */
  remove(): void {
    process.off("exit", this.#removeAtExit);
    this.#removeNow();
  }

  #namespace(place: number): string {
    return `${this.#name}n${place}`;
  }

  #placeAt(place: number): Place {
    const found = this.places[place];
    if (found === undefined) throw new Error(`there is no place ${place}`);
    return found;
  }

  #cutsOf(place: number): Set<string> {
    const found = this.#cuts[place];
    if (found === undefined) throw new Error(`there is no place ${place}`);
    return found;
  }

  #othersOf(place: number): number[] {
    return [...this.places.keys()].filter((other) => other !== place);
  }

  /** @returns why it cannot be built, if so. */
  async #build(): Promise<string | undefined> {
    const lines = [
      `link add ${this.#name} type bridge`,
      `addr add ${this.testAddress}/24 dev ${this.#name}`,
      `link set ${this.#name} up`,
    ];
    for (const [place, { address }] of this.places.entries()) {
      const [namespace, outer] = [this.#namespace(place), `${this.#name}v${place}`];
      lines.push(
        `netns add ${namespace}`,
        `link add ${outer} type veth peer name ${INNER_DEVICE} netns ${namespace}`,
        `link set ${outer} master ${this.#name} up`,
      );
      const inner = [
        `addr add ${address}/24 dev ${INNER_DEVICE}`,
        `link set ${INNER_DEVICE} up`,
        "link set lo up",
      ];
      const problem =
        (await run("ip", ["-batch", "-"], lines.splice(0))) ??
        (await run("ip", ["-n", namespace, "-batch", "-"], inner));
      if (problem !== undefined) return `network namespaces cannot be made here: ${problem}`;
      const qdisc = await run("tc", ["-n", namespace, "qdisc", "add", "dev", INNER_DEVICE, "clsact"]);
      const filter = qdisc ?? (await this.#tryRule(place));
      if (filter !== undefined) return `packets cannot be filtered here: ${filter}`;
    }
    return undefined;
  }

  async #applyRule(place: number): Promise<void> {
    const problem = await this.#tryRule(place);
    if (problem !== undefined) throw new Error(`filter of place ${place}: ${problem}`);
  }

  #tryRule(place: number): Promise<string | undefined> {
    const bytecode = formatPacketFilter({
      cutAddresses: [...this.#cutsOf(place)],
      lossShare: this.#lossShares[place] ?? 0,
    });
    const where = ["dev", INNER_DEVICE, "egress", "protocol", "ip", "prio", "1", "handle", "1"];
    // Replacing is one step for the kernel: no packet slips through between two rules.
    return run("tc", [
      "-n",
      this.#namespace(place),
      "filter",
      "replace",
      ...where,
      "bpf",
      "da",
      "bytecode",
      bytecode,
    ]);
  }

  /** Synchronous, because nothing else runs any more when a process exits. */
  #removeNow(): void {
    for (const [place] of this.places.entries()) spawnSync("ip", ["netns", "del", this.#namespace(place)]);
    spawnSync("ip", ["link", "del", this.#name]);
  }
}

/** @returns what went wrong, if anything did. */
async function run(
  command: string,
  args: readonly string[],
  lines: readonly string[] = [],
): Promise<string | undefined> {
  try {
    const result = await runCommand(command, args, { stdin: `${lines.join("\n")}\n` });
    return result.exitCode === 0 ? undefined : result.stderr.trim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A run that was killed could not tidy up: its process is gone, and its names tell which it was. */
async function removeLeftovers(): Promise<void> {
  const pattern = new RegExp(`\\b(${NAME_PREFIX}(\\d+)(?:n\\d+)?)\\b`);
  for (const [list, remove] of [
    [
      ["netns", "list"],
      ["netns", "del"],
    ],
    [
      ["-o", "link", "show", "type", "bridge"],
      ["link", "del"],
    ],
  ] as const) {
    const result = await runCommand("ip", list);
    for (const line of result.stdout.split("\n")) {
      const [, name, pid] = pattern.exec(line) ?? [];
      if (name !== undefined && !existsSync(`/proc/${pid}`)) await runCommand("ip", [...remove, name]);
    }
  }
}
