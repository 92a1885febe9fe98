import { Outlet, useNavigate } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import type { ReactElement } from "react";
import { ClusterProvider, useOverview, useSession } from "../data/index.js";
import { ErrorState, Skeleton, WaitReason } from "../ui/index.js";
import { CommandPalette } from "./command-palette.js";
import { ConnectionBanner, findWaitReason } from "./connection-banner.js";
import { HelpSheet } from "./help-sheet.js";
import { LoginPage } from "./login-page.js";
import { destinations } from "./navigation.js";
import { NavigationRail, NarrowNavigation } from "./navigation-bars.js";
import { useCommands } from "./shortcuts.js";
import { useTheme } from "./theme.js";
import { TopBar } from "./top-bar.js";
import { keepCluster, text, useUrlState } from "./url-state.js";
import "./layout.css";

const clusterState = { cluster: text() };

/** The frame around every screen. */
export function Layout(): ReactElement {
  const [{ cluster }] = useUrlState(clusterState);
  const session = useSession();
  if (session.isPending) return <Skeleton />;
  if (session.isError) return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  return (
    <ClusterProvider key={cluster} clusterId={cluster}>
      {session.data.loginRequired && !session.data.loggedIn ? <LoginPage /> : <Frame />}
    </ClusterProvider>
  );
}

function Frame(): ReactElement {
  const [sheet, setSheet] = useState<"none" | "palette" | "help">("none");
  const navigate = useNavigate();
  const [, setTheme] = useTheme();
  const snapshot = useOverview();
  const { overview } = snapshot;
  const offered = destinations.filter(
    ({ needsAuth }) => needsAuth !== true || overview?.authOffered === true,
  );
  useCommands([
    {
      id: "palette",
      label: "Command palette",
      group: "Anywhere",
      keys: "mod+k",
      hidden: true,
      run: () => setSheet("palette"),
    },
    { id: "help", label: "Keyboard shortcuts", group: "Anywhere", keys: "?", run: () => setSheet("help") },
    ...offered.map(({ to, label, keys, icon: Icon }) => ({
      id: `go${to}`,
      label,
      group: "Go to",
      keys,
      icon: <Icon aria-hidden />,
      run: () => void navigate({ to, search: keepCluster }),
    })),
    { id: "theme.light", label: "Light theme", group: "Appearance", run: () => setTheme("light") },
    { id: "theme.dark", label: "Dark theme", group: "Appearance", run: () => setTheme("dark") },
    { id: "theme.system", label: "Theme of the system", group: "Appearance", run: () => setTheme("system") },
  ]);
  return (
    <WaitReason value={findWaitReason(snapshot)}>
      <div className="app">
        <a href="#main" className="app-skip visually-hidden">
          Skip to the content
        </a>
        <TopBar onPalette={() => setSheet("palette")} onHelp={() => setSheet("help")} />
        <NavigationRail destinations={offered} />
        <main id="main" className="app-main" tabIndex={-1}>
          <ConnectionBanner />
          <div className="app-screen">
            <Suspense fallback={<Skeleton lines={6} />}>
              <Outlet />
            </Suspense>
          </div>
        </main>
        <NarrowNavigation destinations={offered} />
        <CommandPalette open={sheet === "palette"} onClose={() => setSheet("none")} />
        <HelpSheet open={sheet === "help"} onClose={() => setSheet("none")} />
      </div>
    </WaitReason>
  );
}

export function NotFound(): ReactElement {
  return <ErrorState error={new Error("There is no such page.")} />;
}
