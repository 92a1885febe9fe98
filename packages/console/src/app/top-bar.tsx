import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleHelp, EllipsisVertical, Keyboard, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import type { ReactElement } from "react";
import { useClients, useClusterId, useOverview, useSession } from "../data/index.js";
import { Badge, IconButton, Kbd, Menu, Select, Tooltip } from "../ui/index.js";
import { formatCount } from "../text/format.js";
import { QuorumRing, ringState } from "./quorum-ring.js";
import { keyLabels } from "./shortcuts.js";
import { useTheme } from "./theme.js";
import { text, useUrlState } from "./url-state.js";

export interface TopBarProps {
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

export function TopBar({ onPalette, onHelp }: TopBarProps): ReactElement {
  const snapshot = useOverview();
  const ring = ringState(snapshot);
  const session = useSession();
  return (
    <header className="app-bar">
      <Tooltip text={ring.label}>
        <Link to="/members" search={{}} className="app-brand">
          <QuorumRing ring={ring} />
          <span className="app-brand-name">Quorate</span>
        </Link>
      </Tooltip>
      <ClusterSwitch />
      {session.data?.readOnly === true && <Badge tone="info">Read-only</Badge>}
      <span className="app-bar-space" />
      {snapshot.overview !== undefined && (
        <Tooltip text="The store's newest revision">
          <span className="app-revision" tabIndex={0}>
            rev <b>{formatCount(snapshot.overview.revision)}</b>
          </span>
        </Tooltip>
      )}
      <button className="app-search" onClick={onPalette} aria-label="Go to, do, find…">
        <Search size={15} aria-hidden />
        <span>Go to, do, find…</span>
        <span className="app-search-keys" aria-hidden>
          {keyLabels("mod+k").map((key) => (
            <Kbd key={key}>{key}</Kbd>
          ))}
        </span>
      </button>
      <BarMenu onHelp={onHelp} />
    </header>
  );
}

const clusterState = { cluster: text() };

function ClusterSwitch(): ReactElement | null {
  const session = useSession();
  const [, setUrl] = useUrlState(clusterState);
  const chosen = useClusterId();
  const clusters = session.data?.clusters ?? [];
  const current = clusters.find(({ id }) => id === chosen) ?? clusters[0];
  if (current === undefined) return null;
  if (clusters.length === 1)
    return <span className="app-cluster">{current.name || current.endpoints[0]}</span>;
  return (
    <Select
      label="Cluster"
      hideLabel
      size="s"
      className="app-cluster-select"
      value={current.id}
      onChange={(id) => setUrl({ cluster: id === clusters[0]?.id ? "" : id }, { push: true })}
      options={clusters.map(({ id, name, endpoints }) => ({
        value: id,
        label: name || id,
        description: endpoints.join(", "),
      }))}
    />
  );
}

function BarMenu({ onHelp }: { readonly onHelp: () => void }): ReactElement {
  const [theme, setTheme] = useTheme();
  const session = useSession();
  const clients = useClients();
  const queries = useQueryClient();
  const logout = async (): Promise<void> => {
    await clients.console.logout({});
    await queries.invalidateQueries();
  };
  const ThemeIcon = theme === "dark" ? Moon : theme === "light" ? Sun : Monitor;
  const themeName = theme === "system" ? "as the system" : theme;
  return (
    <>
      <Menu
        label="Theme"
        trigger={
          <IconButton
            label={`Theme: ${themeName}`}
            icon={<ThemeIcon />}
            className="app-theme"
            tooltip={false}
          />
        }
        items={[
          { label: "As the system", icon: <Monitor aria-hidden />, onSelect: () => setTheme("system") },
          { label: "Light", icon: <Sun aria-hidden />, onSelect: () => setTheme("light") },
          { label: "Dark", icon: <Moon aria-hidden />, onSelect: () => setTheme("dark") },
        ]}
      />
      {session.data?.loggedIn === true && session.data.loginRequired ? (
        <Menu
          label="Console"
          trigger={<IconButton label="More" icon={<EllipsisVertical />} tooltip={false} />}
          items={[
            { label: "Keyboard shortcuts", icon: <Keyboard aria-hidden />, onSelect: onHelp },
            "separator",
            {
              label: `Log out ${session.data.user}`,
              icon: <LogOut aria-hidden />,
              onSelect: () => void logout(),
            },
          ]}
        />
      ) : (
        <IconButton
          label="Keyboard shortcuts"
          shortcut="?"
          icon={<CircleHelp />}
          onClick={onHelp}
          className="app-help-button"
        />
      )}
    </>
  );
}
