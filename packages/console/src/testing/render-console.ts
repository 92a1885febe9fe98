/** The whole console in a test's document, over a fake server. Use with `// @vitest-environment happy-dom`. */
import { createMemoryHistory } from "@tanstack/react-router";
import { cleanup, configure, render } from "@testing-library/react";
import type { RenderResult } from "@testing-library/react";
import { createElement } from "react";
import { App } from "../app/start.js";
import type { FakeConsole } from "./fake-console.js";

/** Environments that lay nothing out say that everything is empty, and virtual lists would draw nothing. */
const paneHeightPx = 600;
const paneWidthPx = 400;

export interface RenderedConsole extends RenderResult {
  /** Path and query as the address bar shows them. */
  readonly url: () => string;
  readonly goBack: () => void;
}

/** Patience of `findBy` and `waitFor`: a busy machine takes seconds for a first screen. */
configure({ asyncUtilTimeout: 20_000 });

export function renderConsole(fake: FakeConsole, url: string): RenderedConsole {
  cleanup();
  localStorage.clear();
  Object.defineProperties(HTMLElement.prototype, {
    clientHeight: { configurable: true, get: () => paneHeightPx },
    clientWidth: { configurable: true, get: () => paneWidthPx },
  });
  const history = createMemoryHistory({ initialEntries: [url] });
  const result = render(createElement(App, { transport: fake.transport, history }));
  return { ...result, url: () => history.location.href, goBack: () => history.back() };
}
