/** Users and roles as the screen needs them: small lists, read whole. */
import { useQueryClient } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";
import type { authpb } from "@quorate/proto";
import { useClusterId, useClusterQuery, useSession } from "../../data/index.js";
import type { Clients } from "../../data/index.js";

export interface User {
  readonly name: string;
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  readonly permissions: readonly authpb.Permission[];
}

export interface Access {
  readonly enabled: boolean;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
}

/** Users whose roles are asked for at once; browsers allow six connections to a server. */
const parallelMax = 4;

export function useAccess(): UseQueryResult<Access> {
  return useClusterQuery(["access"], readAccess, { refetchMs: 30_000 });
}

async function readAccess({ auth }: Clients, signal: AbortSignal): Promise<Access> {
  const [status, userList, roleList] = await Promise.all([
    auth.authStatus({}, { signal }),
    auth.userList({}, { signal }),
    auth.roleList({}, { signal }),
  ]);
  const users = await mapSome(userList.users, async (name) => ({
    name,
    roles: (await auth.userGet({ name }, { signal })).roles,
  }));
  const roles = await mapSome(roleList.roles, async (name) => ({
    name,
    permissions: (await auth.roleGet({ role: name }, { signal })).perm,
  }));
  return { enabled: status.enabled, users, roles };
}

async function mapSome<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += parallelMax) {
    results.push(...(await Promise.all(items.slice(at, at + parallelMax).map(read))));
  }
  return results;
}

/** To be called after a change: the lists are read again. */
export function useRefreshAccess(): () => Promise<void> {
  const queries = useQueryClient();
  const clusterId = useClusterId();
  return useCallback(
    () => queries.invalidateQueries({ queryKey: ["cluster", clusterId, "access"] }),
    [queries, clusterId],
  );
}

/** Whom the console's server logs in as at this cluster; empty for nobody. */
export function useConsoleUser(): string {
  const session = useSession();
  const clusterId = useClusterId();
  const clusters = session.data?.clusters ?? [];
  return (clusters.find(({ id }) => id === clusterId) ?? clusters[0])?.user ?? "";
}
