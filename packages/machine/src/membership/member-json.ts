/**
 * Members as JSON, the form in which they travel in configuration changes and lie in the `members` table.
 *
 * Ids are unsigned 64-bit integers written as JSON numbers, beyond what JSON.parse keeps exact: they are read as text first.
 * Source: etcd `server/etcdserver/api/membership` (key order id, peerURLs, isLearner, name, clientURLs).
 */

export interface Member {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  /** Empty until the member has published itself. */
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** A member as a configuration change carries it. */
export interface ChangedMember extends Member {
  /** The change makes a learner a voter; nothing else of the member counts then. */
  readonly isPromote: boolean;
}

/** @returns the text without spaces, as etcd writes it. */
export function formatMember(member: Member & { readonly isPromote?: boolean }): string {
  const parts = [`"id":${member.id}`, `"peerURLs":${formatUrls(member.peerUrls)}`];
  if (member.isLearner) parts.push(`"isLearner":true`);
  if (member.name !== "") parts.push(`"name":${quote(member.name)}`);
  if (member.clientUrls.length > 0) parts.push(`"clientURLs":${formatUrls(member.clientUrls)}`);
  if (member.isPromote === true) parts.push(`"isPromote":true`);
  return `{${parts.join(",")}}`;
}

/** @returns undefined when the text is not a member. */
export function parseMember(text: string): ChangedMember | undefined {
  // Inside a JSON string a quote is escaped, so that `"id":` can only be a key.
  const exact = text.replace(/("id"\s*:\s*)(\d+)/g, '$1"$2"');
  let value: unknown;
  try {
    value = JSON.parse(exact);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const id = fields["id"];
  if (typeof id !== "string" || !/^\d{1,20}$/.test(id)) return undefined;
  const name = fields["name"];
  return {
    id: BigInt(id),
    peerUrls: urls(fields["peerURLs"]),
    isLearner: fields["isLearner"] === true,
    name: typeof name === "string" ? name : "",
    clientUrls: urls(fields["clientURLs"]),
    isPromote: fields["isPromote"] === true,
  };
}

function urls(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((url): url is string => typeof url === "string") : [];
}

function formatUrls(list: readonly string[]): string {
  return list.length === 0 ? "null" : `[${list.map(quote).join(",")}]`;
}

/** A JSON string with the characters escaped that Go's encoder escapes. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
