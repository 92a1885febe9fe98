import { useCallback, useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

/** Also read by public/theme-boot.js before the first paint. */
const storageName = "quorate.theme";
const listeners = new Set<() => void>();

function readTheme(): Theme {
  const stored = localStorage.getItem(storageName);
  return stored === "light" || stored === "dark" ? stored : "system";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The chosen theme; `system` follows the operating system as it changes. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, readTheme);
  const set = useCallback((next: Theme) => {
    if (next === "system") {
      localStorage.removeItem(storageName);
      delete document.documentElement.dataset["theme"];
    } else {
      localStorage.setItem(storageName, next);
      document.documentElement.dataset["theme"] = next;
    }
    for (const listener of listeners) listener();
  }, []);
  return [theme, set];
}
