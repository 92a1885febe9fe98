import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import type { ReactElement } from "react";
import { groupBy } from "../text/group-by.js";
import { Menu } from "../ui/index.js";
import type { Destination } from "./navigation.js";
import { narrowDestinations } from "./navigation.js";
import { keepCluster } from "./url-state.js";

interface BarProps {
  readonly destinations: readonly Destination[];
}

/** The column on the left of a wide window. */
export function NavigationRail({ destinations }: BarProps): ReactElement {
  const groups = [...groupBy(destinations, ({ group }) => group)];
  return (
    <nav className="app-rail" aria-label="Screens">
      {groups.map(([group, entries]) => (
        <section key={group} aria-labelledby={`rail-${group}`}>
          <h2 id={`rail-${group}`}>{group}</h2>
          <ul>
            {entries.map((entry) => (
              <li key={entry.to}>
                <NavigationLink destination={entry} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

/** The bar at the bottom of a narrow window. */
export function NarrowNavigation({ destinations }: BarProps): ReactElement {
  const navigate = useNavigate();
  const [shown, rest] = [true, false].map((first) =>
    destinations.filter(({ to }) => narrowDestinations.includes(to) === first),
  );
  return (
    <nav className="app-tabs" aria-label="Screens">
      {shown?.map((entry) => (
        <NavigationLink key={entry.to} destination={entry} />
      ))}
      <Menu
        label="More screens"
        trigger={
          <button className="app-nav-link">
            <Ellipsis aria-hidden />
            <span>More</span>
          </button>
        }
        items={(rest ?? []).map(({ to, label, icon: Icon }) => ({
          label,
          icon: <Icon aria-hidden />,
          onSelect: () => void navigate({ to, search: keepCluster }),
        }))}
      />
    </nav>
  );
}

function NavigationLink({ destination }: { readonly destination: Destination }): ReactElement {
  const { to, label, icon: Icon } = destination;
  return (
    <Link
      to={to}
      search={keepCluster}
      className="app-nav-link"
      activeOptions={{ includeSearch: false }}
      activeProps={{ "aria-current": "page" }}
    >
      <Icon aria-hidden />
      <span>{label}</span>
    </Link>
  );
}
