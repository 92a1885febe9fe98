/** Ties a member's life to a suite: started before its tests, disposed of after them, its log kept when one failed. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { Member } from "./member.js";
import type { MemberOptions } from "./member.js";

/** @returns a function that gives the running member; only to be called inside tests and hooks. */
export function useMember(options: MemberOptions): () => Member {
  let member: Member | undefined;
  beforeAll(async () => {
    member = await Member.start(options);
  });
  afterEach((context) => {
    if (context.task.result?.state === "fail") member?.keepLog();
  });
  afterAll(async () => {
    await member?.dispose();
  });
  return () => {
    if (member === undefined) throw new Error(`${options.kind} did not start`);
    return member;
  };
}
