import { ConfigError } from "./config-error.js";

/** How a cluster is described, in flags and in the config file alike. */
export interface ClusterDescription {
  readonly name?: string | undefined;
  readonly endpoints?: readonly string[] | undefined;
  readonly cacert?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
}

const KEYS: Readonly<Record<string, keyof ClusterDescription>> = {
  name: "name",
  endpoints: "endpoints",
  cacert: "cacert",
  cert: "cert",
  key: "key",
  "server-name": "serverName",
  user: "user",
  "password-file": "passwordFile",
};

/**
 * Reads `name=prod,endpoints=a:2379,b:2379,user=ops`. A part without a known key continues the value before it, so that lists of endpoints need no
 * other separator.
 */
export function parseClusterFlag(text: string): ClusterDescription {
  const values = new Map<keyof ClusterDescription, string>();
  let current: keyof ClusterDescription | undefined;
  for (const part of text.split(",")) {
    const [, key = "", value = ""] = /^\s*([a-z-]+)=(.*)$/.exec(part) ?? [];
    const known = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (known !== undefined) {
      if (values.has(known)) throw new ConfigError(`--cluster: ${key} is given twice in "${text}"`);
      values.set((current = known), value);
    } else if (key !== "" || current === undefined) {
      throw new ConfigError(`--cluster: "${part}" in "${text}" is none of ${Object.keys(KEYS).join("=, ")}=`);
    } else {
      values.set(current, `${values.get(current) ?? ""},${part}`);
    }
  }
  const { endpoints, ...rest } = Object.fromEntries(values) as Record<string, string>;
  return { ...rest, ...(endpoints === undefined ? {} : { endpoints: endpoints.split(",") }) };
}
