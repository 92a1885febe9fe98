/** Serves the web console and forwards its calls to clusters. */
export {};
