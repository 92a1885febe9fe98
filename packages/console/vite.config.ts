import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * Parts that the first screen does not need; they load when an editor, a chart or a YAML view is first shown. Whatever the first
 * screen does need may be split as the bundler likes, as long as its sum stays below 300 kB gzip (src/bundle.test.ts).
 */
const lazyGroups = [
  { name: "editor", test: /node_modules[\\/](@codemirror|@lezer|@marijn|style-mod|w3c-keyname|crelt)[\\/]/ },
  { name: "chart", test: /node_modules[\\/]uplot[\\/]/ },
  { name: "yaml", test: /node_modules[\\/]yaml[\\/]/ },
];

/** First-screen libraries, apart from our own code so that a new version of the console keeps them in the browser's cache. */
const firstGroups = [
  { name: "react", test: /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store)[\\/]/ },
  { name: "wire", test: /node_modules[\\/](@bufbuild|@connectrpc)[\\/]|[\\/]packages[\\/]proto[\\/]/ },
];

/** `--mode fake` builds the same app over an in-memory console for looking at it without a cluster. */
export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  base: "/",
  plugins: [react()],
  resolve: { conditions: ["@quorate/source", "module", "browser", "production"] },
  build: {
    outDir: mode === "fake" ? "dist/fake" : "dist/app",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      input: mode === "fake" ? "fake.html" : "index.html",
      output: { codeSplitting: { groups: [...lazyGroups, ...firstGroups] } },
    },
  },
}));
