/** `--feature-gates`: which gates there are, and which are on. Source: etcd `server/features`. */

export interface FeatureGate {
  readonly name: string;
  readonly stage: "ALPHA" | "BETA";
  readonly enabled: boolean;
}

type GateSpec = Pick<FeatureGate, "name" | "stage">;

const gate = (stage: GateSpec["stage"], name: string): GateSpec => ({ name, stage });

/** Alpha gates are off by default, beta ones on. */
const GATES: readonly GateSpec[] = [
  gate("ALPHA", "CompactHashCheck"),
  gate("BETA", "FastLeaseKeepAlive"),
  gate("ALPHA", "InitialCorruptCheck"),
  gate("ALPHA", "LeaseCheckpoint"),
  gate("ALPHA", "LeaseCheckpointPersist"),
  gate("ALPHA", "PriorityRequest"),
  gate("ALPHA", "SetMemberLocalAddr"),
  gate("ALPHA", "StopGRPCServiceOnDefrag"),
  gate("BETA", "TxnModeWriteWithSharedBuffer"),
];
/** Switch all gates of a stage that are not named themselves. */
const ALL: readonly GateSpec[] = [gate("ALPHA", "AllAlpha"), gate("BETA", "AllBeta")];

/** @returns the gates with their values, or what is wrong with `text` in the words of Go's feature gates. */
export function parseFeatureGates(text: string): readonly FeatureGate[] | string {
  const given = new Map<string, boolean>();
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const [name = "", value] = part.split("=", 2).map((each) => each.trim());
    if (value === undefined) return `missing bool value for feature gate "${name}"`;
    const isOn = parseBool(value);
    if (isOn === undefined)
      return `invalid value of ${name}=${value}, err: strconv.ParseBool: parsing "${value}": invalid syntax`;
    if (![...GATES, ...ALL].some((each) => each.name === name)) return `unrecognized feature gate: ${name}`;
    given.set(name, isOn);
  }
  const valueOf = ({ name, stage }: GateSpec): boolean =>
    given.get(name) ?? given.get(stage === "ALPHA" ? "AllAlpha" : "AllBeta") ?? stage === "BETA";
  const gates = GATES.map((spec) => ({ ...spec, enabled: valueOf(spec) }));
  const isOn = (name: string): boolean => gates.some((each) => each.name === name && each.enabled);
  if (isOn("LeaseCheckpointPersist") && !isOn("LeaseCheckpoint"))
    return "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint";
  return [...ALL.map((spec) => ({ ...spec, enabled: given.get(spec.name) ?? false })), ...gates];
}

/** As Go's strconv.ParseBool. */
function parseBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}
