/** The member list as members tell it to one another: JSON with ids as 64-bit numbers, which JSON.parse would round. */
import type { MemberRow } from "../api/member-port.js";

/** etcd's form: what is empty or false is left out, but peer URLs. */
export function encodeMembers(members: readonly MemberRow[]): string {
  return `[${members.map(encodeMember).join(",")}]`;
}

function encodeMember({ id, name, peerUrls, clientUrls, isLearner }: MemberRow): string {
  const fields = {
    peerURLs: peerUrls,
    ...(isLearner && { isLearner: true }),
    ...(name !== "" && { name }),
    ...(clientUrls.length > 0 && { clientURLs: clientUrls }),
  };
  return `{"id":${id},${JSON.stringify(fields).slice(1)}`;
}

/** @returns undefined when the text is not a list of members. */
export function decodeMembers(text: string): MemberRow[] | undefined {
  let value: unknown;
  try {
    // Quotes inside of strings are escaped, so this pattern only meets the key itself.
    value = JSON.parse(text.replace(/"id"\s*:\s*(\d+)/g, `"id":"$1"`));
  } catch {
    return undefined;
  }
  // Go writes an empty list as null.
  if (value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const members: MemberRow[] = [];
  for (const row of value) {
    const member = toMember(row);
    if (member === undefined) return undefined;
    members.push(member);
  }
  return members;
}

function toMember(row: unknown): MemberRow | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const { id, peerURLs, isLearner, name, clientURLs } = row as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || BigInt.asUintN(64, BigInt(id)) !== BigInt(id)) return undefined;
  const peerUrls = toTexts(peerURLs);
  const clientUrls = toTexts(clientURLs);
  if (peerUrls === undefined || clientUrls === undefined) return undefined;
  return {
    id: BigInt(id),
    name: typeof name === "string" ? name : "",
    peerUrls,
    clientUrls,
    isLearner: isLearner === true,
  };
}

function toTexts(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((text) => typeof text === "string")) return undefined;
  return value;
}
