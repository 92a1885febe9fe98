import { keepPreviousData, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import type { consolepb } from "@quorate/proto";
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { ReactElement, ReactNode } from "react";
import type { Clients, TransportFactory } from "./clients.js";
import { createClients } from "./clients.js";
import { isPassing } from "./errors.js";
import { OverviewFeed } from "./overview-feed.js";
import type { OverviewSnapshot } from "./overview-feed.js";

interface ClusterContext {
  readonly clusterId: string;
  readonly clients: Clients;
  readonly feed: OverviewFeed;
}

const TransportContext = createContext<TransportFactory | undefined>(undefined);
const ClusterContext = createContext<ClusterContext | undefined>(undefined);

/** Reads that fail for a moment are sent again so often before the view shows the failure. */
const retryMax = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (count, error) => count < retryMax && isPassing(error),
        staleTime: 2000,
        refetchOnWindowFocus: true,
      },
    },
  });
}

export interface ConsoleProviderProps {
  readonly transport: TransportFactory;
  readonly queryClient: QueryClient;
  readonly children: ReactNode;
}

/** Everything below may call the console's server. */
export function ConsoleProvider({ transport, queryClient, children }: ConsoleProviderProps): ReactElement {
  return (
    <TransportContext value={transport}>
      <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
    </TransportContext>
  );
}

/** Everything below means the cluster `clusterId`; empty means the first. */
export function ClusterProvider(props: {
  readonly clusterId: string;
  readonly children: ReactNode;
}): ReactElement {
  const { clusterId, children } = props;
  const transport = useTransport();
  const value = useMemo(() => {
    const clients = createClients(transport, clusterId);
    return { clusterId, clients, feed: new OverviewFeed(clients) };
  }, [transport, clusterId]);
  return <ClusterContext value={value}>{children}</ClusterContext>;
}

function useTransport(): TransportFactory {
  const transport = useContext(TransportContext);
  if (transport === undefined) throw new Error("ConsoleProvider is missing");
  return transport;
}

function useCluster(): ClusterContext {
  const cluster = useContext(ClusterContext);
  if (cluster === undefined) throw new Error("ClusterProvider is missing");
  return cluster;
}

/** Clients of the chosen cluster. The same object until another cluster is chosen. */
export function useClients(): Clients {
  return useCluster().clients;
}

/** Part of every query's key, so that clusters do not share what was read. */
export function useClusterId(): string {
  return useCluster().clusterId;
}

/** Who is looking and what they may do. Works without a login. */
export function useSession(): UseQueryResult<consolepb.GetSessionResponse> {
  const transport = useTransport();
  const clients = useMemo(() => createClients(transport, ""), [transport]);
  return useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => clients.console.getSession({}, { signal }),
    staleTime: 60_000,
  });
}

/** The cluster as its members say, kept fresh by one shared stream. */
export function useOverview(): OverviewSnapshot {
  const { feed } = useCluster();
  return useSyncExternalStore(feed.subscribe, feed.snapshot);
}

/** Whether what streams tell can be what is: without a quorum nothing new is told, though no stream need have ended yet. */
export function useIsCurrent(): boolean {
  const { state, overview } = useOverview();
  return state !== "stale" && overview?.hasQuorum !== false;
}

export interface MayWrite {
  readonly allowed: boolean;
  /** Why not, as a sentence for a tooltip or a note. */
  readonly reason?: string;
}

/** Whether changes may be offered. @param pastRevision the revision looked at; 0n means the newest. */
export function useMayWrite(pastRevision = 0n): MayWrite {
  const session = useSession();
  if (session.data?.readOnly === true) return { allowed: false, reason: "This console is read-only." };
  if (pastRevision !== 0n)
    return { allowed: false, reason: "The past cannot be changed. Go back to now first." };
  return { allowed: session.data !== undefined };
}

export interface ClusterQueryOptions {
  readonly enabled?: boolean;
  /** Read again by itself so often, in milliseconds. */
  readonly refetchMs?: number;
  /** An answer that is younger is taken as it is by a view that opens; 0 reads again each time. */
  readonly staleMs?: number;
  /** Shows the last answer under another key until there is one under this. */
  readonly keepsPrevious?: boolean;
}

/** A read of the chosen cluster, cached under `key` and retried when the failure may pass. */
export function useClusterQuery<T>(
  key: readonly unknown[],
  read: (clients: Clients, signal: AbortSignal) => Promise<T>,
  options: ClusterQueryOptions = {},
): UseQueryResult<T> {
  const { clusterId, clients } = useCluster();
  return useQuery({
    queryKey: ["cluster", clusterId, ...key],
    queryFn: ({ signal }) => read(clients, signal),
    enabled: options.enabled ?? true,
    refetchInterval: options.refetchMs ?? false,
    ...(options.staleMs === undefined ? {} : { staleTime: options.staleMs }),
    ...(options.keepsPrevious === true ? { placeholderData: keepPreviousData } : {}),
  });
}

export interface Action<Arguments extends readonly unknown[]> {
  readonly run: (...values: Arguments) => Promise<boolean>;
  readonly busy: boolean;
  readonly error: unknown;
  readonly reset: () => void;
}

/**
 * A change that a person asked for. `run` tells whether it succeeded; the error stays until the next try. One at a time: asking again
 * while it is under way does nothing and is no success.
 */
export function useAction<Arguments extends readonly unknown[]>(
  act: (...values: Arguments) => Promise<unknown>,
): Action<Arguments> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // Not `busy`, which a second press within the same rendering would not see yet.
  const isRunning = useRef(false);
  const run = async (...values: Arguments): Promise<boolean> => {
    if (isRunning.current) return false;
    isRunning.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await act(...values);
      return true;
    } catch (cause) {
      setError(cause);
      return false;
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  return { run, busy, error, reset: useCallback(() => setError(undefined), []) };
}
