/** Port: raft tells what happens inside as typed events; shells turn them into logs and metrics, tests into goldens. */

export type RaftEvent = { readonly kind: "became-follower"; readonly term: number };

export interface EventSink {
  /** Called synchronously, in order of happening; must not call back into the node. */
  emit(event: RaftEvent): void;
}
