/**
 * The recipe of an election: the oldest key of a prefix is the leader's, its value the leader's proposal.
 * Source: kv-watch-lease 9.3.
 */
import { create, etcdserverpb as pb, type v3electionpb } from "@quorate/proto";
import type { Caller } from "../lock/caller.js";
import { createdAt, rangeOf } from "../lock/lock-service.js";
import { keyOf, prefixOf, recipeError, type RecipeClient } from "../lock/recipe-client.js";
import { waitDeletes } from "../lock/wait-deletes.js";

type Header = { readonly header?: pb.ResponseHeader };

/** A key that was put by a candidate, and the revision it was created at. */
export interface Candidacy {
  readonly key: Uint8Array;
  readonly revision: bigint;
  readonly lease: bigint;
}

/** Waits until the candidate leads. @returns undefined when the caller has left; it has resigned then. */
export async function campaign(
  client: RecipeClient,
  { name, lease, value }: v3electionpb.CampaignRequest,
  caller: Caller,
): Promise<(Header & { readonly candidacy: Candidacy }) | undefined> {
  const prefix = prefixOf(name);
  const session = await client.session(lease);
  const key = keyOf(prefix.from, session);
  const put = {
    request: {
      case: "requestPut" as const,
      value: create(pb.PutRequestSchema, { key, value, lease: session }),
    },
  };
  const get = { request: { case: "requestRange" as const, value: create(pb.RangeRequestSchema, { key }) } };
  const answer = await client.txn({ compare: [createdAt(key, 0n)], success: [put], failure: [get] });
  const known = answer.succeeded ? undefined : rangeOf(answer.responses[0])?.kvs[0];
  const revision = known?.createRevision ?? answer.header?.revision ?? 0n;
  const candidacy = { key, revision, lease: session };
  if (known !== undefined && !sameBytes(known.value, value)) await proposeAgain(client, candidacy, value);
  if (!(await waitDeletes(client, { prefix, ownRevision: revision, caller }))) {
    await resign(client, candidacy);
    return undefined;
  }
  return { ...headerOf(answer), candidacy };
}

/** The session campaigns already, with another proposal. */
async function proposeAgain(client: RecipeClient, candidacy: Candidacy, value: Uint8Array): Promise<void> {
  try {
    await proclaim(client, candidacy, value);
  } catch (error) {
    await resign(client, candidacy).catch(() => undefined);
    throw error;
  }
}

/** Gives the leader's key another value. @throws RecipeError `election: not leader` when it is not the leader's any more. */
export async function proclaim(
  client: RecipeClient,
  candidacy: Candidacy,
  value: Uint8Array,
): Promise<Header> {
  const { key, revision, lease } = candidacy;
  const put = {
    request: { case: "requestPut" as const, value: create(pb.PutRequestSchema, { key, value, lease }) },
  };
  const answer = await client.txn({ compare: [createdAt(key, revision)], success: [put] });
  if (!answer.succeeded) throw recipeError("election-not-leader");
  return headerOf(answer);
}

/** Deletes the leader's key; one that is not the leader's any more stays as it is. */
export async function resign(
  client: RecipeClient,
  { key, revision }: Omit<Candidacy, "lease">,
): Promise<Header> {
  const remove = {
    request: { case: "requestDeleteRange" as const, value: create(pb.DeleteRangeRequestSchema, { key }) },
  };
  return headerOf(await client.txn({ compare: [createdAt(key, revision)], success: [remove] }));
}

/** The oldest key of the prefix. */
export function findLeader(client: RecipeClient, name: Uint8Array): Promise<pb.RangeResponse> {
  const { from, to } = prefixOf(name);
  return client.range({
    key: from,
    rangeEnd: to,
    sortTarget: pb.RangeRequest_SortTarget.CREATE,
    sortOrder: pb.RangeRequest_SortOrder.ASCEND,
    limit: 1n,
  });
}

function headerOf({ header }: { readonly header?: pb.ResponseHeader | undefined }): Header {
  return header === undefined ? {} : { header };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
