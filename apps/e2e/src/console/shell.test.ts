import { describe, expect, it } from "vitest";
import { missesBrowser } from "./chromium.js";
import { findBarriers } from "./check-accessibility.js";
import { NARROW, picture, settle, useJourney, WIDE } from "./use-journey.js";

const SCREENS = ["keys", "live", "txn", "leases", "locks", "members", "metrics"] as const;

describe.skipIf(missesBrowser("the console's shell"))("the console's shell", () => {
  const journey = useJourney();

  it.each(
    SCREENS.flatMap((screen) => [
      { screen, size: WIDE, theme: "light" as const },
      { screen, size: NARROW, theme: "dark" as const },
    ]),
  )("$screen opens at $size.width pixels, $theme, without barriers", async ({ screen, size, theme }) => {
    const page = await journey.open(`/${screen}`, { size, theme });
    await settle(page);
    await picture(page, `${screen} ${size.width} ${theme}`);
    expect(await findBarriers(page)).toEqual([]);
    const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow, "pixels that stick out to the right").toBeLessThanOrEqual(0);
  });
});
