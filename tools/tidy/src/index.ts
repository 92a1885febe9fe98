/** Nothing to import: this package is its tests. */
export {};
