/** Before all suites: asks the server under test once what it offers, so that each suite knows what to leave out. */
import { GrpcStatus } from "@quorate/proto";
import type { TestProject } from "vitest/node";
import { CLIENT_METHODS, sendOnce, truncatedMessage } from "./client-methods.js";
import { readVersion } from "./etcd-version.js";
import { Member } from "./member.js";
import { findProgram, subjectKind } from "./programs.js";
import { WireClient } from "./wire-client.js";

declare module "vitest" {
  interface ProvidedContext {
    /** `Service.Method` of all that the server under test answers with Unimplemented. */
    missingMethods: readonly string[];
  }
}

export async function setup(project: TestProject): Promise<void> {
  if (findProgram(subjectKind) === undefined) {
    // Each suite says that the program is missing, and skips.
    project.provide("missingMethods", []);
    return;
  }
  const member = await Member.start({ kind: subjectKind });
  try {
    const missing = await probe(member);
    const version = await readVersion(member);
    const list = missing.length === 0 ? "nothing" : missing.join(", ");
    console.log(`under test: ${subjectKind} ${version}; of etcd's methods it does not offer ${list}`);
    project.provide("missingMethods", missing);
  } finally {
    await member.dispose();
  }
}

/** A message that nobody can read changes nothing, and a method that exists refuses it with another status. */
async function probe(member: Member): Promise<string[]> {
  const client = new WireClient(member.endpoint);
  try {
    const missing: string[] = [];
    for (const method of CLIENT_METHODS) {
      const { code } = await sendOnce(client, method, truncatedMessage());
      if (code === GrpcStatus.Unimplemented) missing.push(method.name);
    }
    return missing;
  } finally {
    client.close();
  }
}
