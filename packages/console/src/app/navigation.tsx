import {
  Activity,
  ChartLine,
  FolderTree,
  GitMerge,
  Hourglass,
  Lock,
  Server,
  ShieldCheck,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";

export interface Destination {
  readonly to: "/keys" | "/live" | "/txn" | "/leases" | "/locks" | "/members" | "/metrics" | "/access";
  readonly label: string;
  readonly group: "Data" | "Coordination" | "Cluster";
  readonly icon: LucideIcon;
  readonly keys: string;
  /** Only where the server has users and roles. */
  readonly needsAuth?: boolean;
}

export const destinations: readonly Destination[] = [
  { to: "/keys", label: "Keys", group: "Data", icon: FolderTree, keys: "g k" },
  { to: "/live", label: "Live", group: "Data", icon: Activity, keys: "g e" },
  { to: "/txn", label: "Transaction", group: "Data", icon: GitMerge, keys: "g t" },
  { to: "/leases", label: "Leases", group: "Coordination", icon: Hourglass, keys: "g l" },
  { to: "/locks", label: "Locks", group: "Coordination", icon: Lock, keys: "g o" },
  { to: "/members", label: "Members", group: "Cluster", icon: Server, keys: "g m" },
  { to: "/metrics", label: "Metrics", group: "Cluster", icon: ChartLine, keys: "g i" },
  { to: "/access", label: "Access", group: "Cluster", icon: ShieldCheck, keys: "g a", needsAuth: true },
];

/** Those that stand in the bottom bar of a narrow window; the rest is behind "More". */
export const narrowDestinations: readonly Destination["to"][] = ["/keys", "/live", "/members", "/metrics"];
