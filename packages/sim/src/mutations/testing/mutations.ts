/** All of them. */
import { MACHINE_MUTATIONS } from "./machine-mutations.js";
import { MEMBER_MUTATIONS } from "./member-mutations.js";
import { QUEUE_MUTATIONS } from "./queue-mutations.js";
import { RAFT_MUTATIONS } from "./raft-mutations.js";
import { STORAGE_MUTATIONS } from "./storage-mutations.js";
import type { Mutation } from "./mutation.js";

export const MUTATIONS: readonly Mutation[] = [
  ...RAFT_MUTATIONS,
  ...STORAGE_MUTATIONS,
  ...MEMBER_MUTATIONS,
  ...MACHINE_MUTATIONS,
  ...QUEUE_MUTATIONS,
];
