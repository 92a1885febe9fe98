import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** WCAG AA for text of any size. */
const textRatioMin = 4.5;
/** WCAG AA for what is seen but not read: focus rings, marks, lines of charts. */
const markRatioMin = 3;

const source = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
const pairs = new Map(
  [...source.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name ?? "", { light: light ?? "", dark: dark ?? "" }],
  ),
);

function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * channels[0]! + 0.7152 * channels[1]! + 0.0722 * channels[2]!;
}

function ratio(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const grounds = ["sunken", "bg", "surface", "raised", "accent-soft"];
const texts = ["ink", "ink-2", "ink-3", "code-string", "code-number", "code-word", "code-key", "code-note"];
const meanings = ["accent", "good", "warn", "bad", "info"];

const textOn: [string, string][] = [
  ...texts.flatMap((text) => grounds.map((ground): [string, string] => [text, ground])),
  ...meanings.flatMap((name) =>
    [`${name}-soft`, "bg", "surface", "raised"].map((ground): [string, string] => [name, ground]),
  ),
  ...meanings.map((name): [string, string] => ["ink", `${name}-soft`]),
  ...["diff-new", "diff-old"].flatMap((ground) => texts.map((text): [string, string] => [text, ground])),
  ["ink", "diff-new-word"],
  ["ink", "diff-old-word"],
  ["on-accent", "accent"],
  ["accent-strong", "accent-soft"],
];

const markOn: [string, string][] = [
  ["focus", "bg"],
  ["focus", "raised"],
  ...Array.from({ length: 8 }, (_, at): [string, string] => [`series-${at + 1}`, "surface"]),
];

test.each(["light", "dark"] as const)("text is readable on every ground it stands on (%s)", (theme) => {
  const poor = textOn
    .map(([text, ground]) => ({
      pair: `${text} on ${ground}`,
      is: ratio(pairs.get(text)![theme], pairs.get(ground)![theme]),
    }))
    .filter(({ is }) => is < textRatioMin);
  expect(poor).toEqual([]);
});

test.each(["light", "dark"] as const)("marks stand out from their ground (%s)", (theme) => {
  const poor = markOn
    .map(([mark, ground]) => ({
      pair: `${mark} on ${ground}`,
      is: ratio(pairs.get(mark)![theme], pairs.get(ground)![theme]),
    }))
    .filter(({ is }) => is < markRatioMin);
  expect(poor).toEqual([]);
});
