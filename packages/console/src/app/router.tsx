import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import type { RouterHistory } from "@tanstack/react-router";
import { ErrorState } from "../ui/index.js";
import { Layout, NotFound } from "./layout.js";
import { parseSearch, stringifySearch } from "./url-state.js";
import type { Search } from "./url-state.js";

const rootRoute = createRootRoute({
  component: Layout,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => <ErrorState error={error} />,
  // Parameters are text here; each screen reads its own through app/url-state.ts.
  validateSearch: (search: Record<string, unknown>) => search as Search,
  search: { middlewares: [retainSearchParams(["cluster"])] },
});

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router takes redirects as thrown values
    throw redirect({ to: "/keys", search: (previous: Search) => previous, replace: true });
  },
});

/** Each screen is a file of its own for the browser; the one in the URL loads beside the frame, not after it. */
const routes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/keys",
    component: lazyRouteComponent(() => import("../screens/keys/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/live",
    component: lazyRouteComponent(() => import("../screens/live/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/txn",
    component: lazyRouteComponent(() => import("../screens/txn/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/leases",
    component: lazyRouteComponent(() => import("../screens/leases/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/locks",
    component: lazyRouteComponent(() => import("../screens/locks/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/members",
    component: lazyRouteComponent(() => import("../screens/members/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/metrics",
    component: lazyRouteComponent(() => import("../screens/metrics/index.js"), "Screen"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/access",
    component: lazyRouteComponent(() => import("../screens/access/index.js"), "Screen"),
  }),
] as const;

/** @param history where locations come from; absent means the browser's. */
export function createConsoleRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: rootRoute.addChildren([indexRoute, ...routes]),
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPendingMinMs: 0,
    scrollRestoration: false,
    ...(history === undefined ? {} : { history }),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
