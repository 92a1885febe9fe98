/** Before all suites: asks the server under test once what it offers, so that each suite knows what to leave out. */
import { GrpcStatus } from "@quorate/proto";
import type { TestProject } from "vitest/node";
import { CLIENT_METHODS, sendOnce, truncatedMessage } from "./client-methods.js";
import { readVersion } from "./etcd-version.js";
import { Member } from "./member.js";
import { findProgram, subjectKind } from "./programs.js";
import { WireClient } from "./wire-client.js";

/** `Service.Method` of all that the server under test answers with Unimplemented. */
export type MissingMethods = readonly string[];

declare module "vitest" {
  interface ProvidedContext {
    missingMethods: MissingMethods;
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
    const lack =
      missing.length === 0 ? "offers all of etcd's methods" : `does not offer ${summarize(missing)}`;
    console.log(`under test: ${subjectKind}, which calls itself ${version} and ${lack}`);
    project.provide("missingMethods", missing);
  } finally {
    await member.dispose();
  }
}

/** A message that nobody can read changes nothing, and a method that exists refuses it with another status. */
async function probe(member: Member): Promise<MissingMethods> {
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

/** Names a service once where all of its methods are missing. */
function summarize(missing: MissingMethods): string {
  const serviceOf = (name: string): string => name.slice(0, name.indexOf("."));
  const offered = new Set(
    CLIENT_METHODS.filter(({ name }) => !missing.includes(name)).map(({ name }) => serviceOf(name)),
  );
  const lines = missing.map((name) => (offered.has(serviceOf(name)) ? name : serviceOf(name)));
  return [...new Set(lines)].join(", ");
}
