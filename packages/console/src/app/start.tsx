// Named one by one: a module of theirs would have nothing that is used, and the bundler would leave it out.
import "../styles/layers.css";
import "../styles/tokens.css";
import "../styles/base.css";
import { Tooltip } from "@base-ui/react/tooltip";
import { RouterProvider } from "@tanstack/react-router";
import type { RouterHistory } from "@tanstack/react-router";
import { StrictMode, useState } from "react";
import type { ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { ConsoleProvider, createQueryClient } from "../data/index.js";
import type { TransportFactory } from "../data/index.js";
import { ToastProvider } from "../ui/index.js";
import { createConsoleRouter } from "./router.js";
import { ShortcutProvider } from "./shortcuts.js";

export interface AppProps {
  readonly transport: TransportFactory;
  readonly history?: RouterHistory | undefined;
}

/** The whole console over a transport. */
export function App({ transport, history }: AppProps): ReactElement {
  const [router] = useState(() => createConsoleRouter(history));
  const [queryClient] = useState(createQueryClient);
  return (
    <ConsoleProvider transport={transport} queryClient={queryClient}>
      <Tooltip.Provider delay={500}>
        <ToastProvider>
          <ShortcutProvider>
            <RouterProvider router={router} />
          </ShortcutProvider>
        </ToastProvider>
      </Tooltip.Provider>
    </ConsoleProvider>
  );
}

export function startConsole(element: HTMLElement, transport: TransportFactory): void {
  createRoot(element).render(
    <StrictMode>
      <App transport={transport} />
    </StrictMode>,
  );
}
