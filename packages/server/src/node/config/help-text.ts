/** What `--help` prints: the flags in groups of what this build does with them. */
import { FLAG_TABLE, type FlagEffect } from "./flag-table.js";

const GROUPS: readonly (readonly [FlagEffect, string])[] = [
  ["on", "Flags"],
  ["accepted", "Accepted, without effect"],
];

export function helpText(): string {
  const lines = [
    "Usage:",
    "",
    "  quorate [flags]",
    "    Start a member.",
    "  quorate --version",
    "  quorate --help",
    "",
  ];
  for (const [effect, title] of GROUPS) {
    lines.push(`${title}:`);
    for (const spec of FLAG_TABLE) {
      if (spec.effect !== effect) continue;
      lines.push(`  --${spec.name} '${spec.fallback}'`, `    ${spec.help}`);
    }
    lines.push("");
  }
  lines.push(
    "Each flag can also be given as an environment variable: ETCD_ and its name in capitals, '-' as '_'.",
    "",
  );
  return lines.join("\n");
}
