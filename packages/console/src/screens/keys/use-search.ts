import type { mvccpb } from "@quorate/proto";
import { useCallback, useEffect, useRef, useState } from "react";
import { stream, useClients } from "../../data/index.js";

export interface SearchState {
  readonly keys: readonly mvccpb.KeyValue[];
  readonly scanned: bigint;
  readonly status: "running" | "done" | "stopped" | "failed";
  readonly error?: unknown;
}

export interface SearchQuery {
  readonly prefix: Uint8Array;
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly inValues: boolean;
  readonly revision: bigint;
}

/** The server's search ends after so many finds; narrowing the text goes on from there. */
export const findsMax = 1000;

const nothing: SearchState = { keys: [], scanned: 0n, status: "running" };

/** Finds as they come. A new query ends the last one, and so does leaving. */
export function useSearch({ prefix, text, ignoreCase, inValues, revision }: SearchQuery): {
  readonly search: SearchState;
  readonly stop: () => void;
} {
  const clients = useClients();
  const [search, setSearch] = useState(nothing);
  const running = useRef<AbortController>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    setSearch(nothing);
    const run = async (): Promise<void> => {
      const request = { prefix, text, ignoreCase, inValues, revision, limit: findsMax };
      for await (const part of clients.console.searchKeys(request, stream(controller.signal))) {
        if (controller.signal.aborted) return;
        setSearch(({ keys }) => ({
          keys: part.keys.length === 0 ? keys : [...keys, ...part.keys],
          scanned: part.scanned,
          status: part.done ? "done" : "running",
        }));
      }
      if (!controller.signal.aborted) setSearch((last) => ({ ...last, status: "done" }));
    };
    run().catch((error: unknown) => {
      if (!controller.signal.aborted) setSearch((last) => ({ ...last, status: "failed", error }));
    });
    return () => controller.abort();
  }, [clients, prefix, text, ignoreCase, inValues, revision]);
  const stop = useCallback(() => {
    running.current?.abort();
    setSearch((last) => ({ ...last, status: "stopped" }));
  }, []);
  return { search, stop };
}
