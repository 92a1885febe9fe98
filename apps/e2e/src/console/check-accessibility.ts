/** What axe finds wrong with a page, as readable lines; none is the aim. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 up to level AA. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

export async function findBarriers(page: Page): Promise<string[]> {
  // By the debugger, which the page's security policy does not bind.
  await page.evaluate(axeSource);
  const options = {
    runOnly: RULES,
    resultTypes: ["violations"],
    // Experimental: it takes the keys that stand beside a button's text, hidden from readers, for a part of that text.
    rules: { "label-content-name-mismatch": { enabled: false } },
  };
  const run = `axe.run(document, ${JSON.stringify(options)})`;
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(run);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 300)}\n  ${failureSummary ?? ""}`,
    ),
  );
}
