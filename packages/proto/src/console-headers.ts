/** Headers by which the browser tells the console's server where a call is to go. */
export const CONSOLE_HEADERS: { readonly cluster: string; readonly member: string; readonly csrf: string } = {
  /** `ClusterRef.id`. Without it the first cluster is meant. */
  cluster: "quorate-cluster",
  /** Member id in hex, for calls that are about one member; without it any member answers. */
  member: "quorate-member",
  /** Present, with any value, on every call: pages of other origins cannot set it. */
  csrf: "quorate-console",
};
