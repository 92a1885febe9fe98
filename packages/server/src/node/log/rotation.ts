/** `--log-rotation-config-json`, as etcd takes it. Source: etcd `server/embed/config_logging.go`. */

export interface RotationSettings {
  /** Size at which a file is put aside. */
  readonly bytesMax: number;
  /** Age at which what was put aside is removed; 0 for never. */
  readonly ageMsMax: number;
  /** Files put aside that are kept; 0 for all. */
  readonly backupsMax: number;
  /** Names of files put aside tell local time, not UTC. */
  readonly isLocalTime: boolean;
  readonly compresses: boolean;
}

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const SIZE_MB_DEFAULT = 100;
const NO_FILES: ReadonlySet<string> = new Set([
  "default",
  "stderr",
  "stdout",
  "systemd/journal",
  "/dev/null",
]);

/** @returns the settings, or what is wrong with them. Unknown keys are ignored. */
export function parseRotation(text: string, outputs: readonly string[]): RotationSettings | string {
  if (outputs.filter((output) => !NO_FILES.has(output)).length !== 1)
    return "--log-outputs requires a single file path when --log-rotate-config-json is defined";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `improperly formatted log rotation config: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "invalid log rotation config: not an object";
  const given = value as Readonly<Record<string, unknown>>;
  const wrong: string[] = [];
  const count = (key: string): number => {
    const found = given[key] ?? 0;
    if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return found;
    wrong.push(`${key} must be a whole number`);
    return 0;
  };
  const isOn = (key: string): boolean => {
    const found = given[key] ?? false;
    if (typeof found === "boolean") return found;
    wrong.push(`${key} must be true or false`);
    return false;
  };
  const settings = {
    bytesMax: (count("maxsize") || SIZE_MB_DEFAULT) * MEBIBYTE,
    ageMsMax: count("maxage") * DAY_MS,
    backupsMax: count("maxbackups"),
    isLocalTime: isOn("localtime"),
    compresses: isOn("compress"),
  };
  return wrong.length === 0 ? settings : `invalid log rotation config: ${wrong.join(", ")}`;
}
