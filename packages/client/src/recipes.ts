/** Leases, locks, elections, software transactions, caches and collections: what their rooms export. */
export {};
