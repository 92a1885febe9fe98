/** The Election service: campaigns, proclamations and resignations by the recipe that clients know. Source: kv-watch-lease 9.3. */
import { v3electionpb as pb } from "@quorate/proto";
import type { DescMessage, MessageInitShape } from "@quorate/proto";
import type { ServerStreamCall, UnaryCall } from "@quorate/rpc";
import { replyMessage } from "../generated-codec.js";
import type { GuardedMethod } from "../guard.js";
import type { ResponseHeaders } from "../header.js";
import { Caller } from "../lock/caller.js";
import {
  RecipeClient,
  decodeKept,
  failRecipe,
  recipeError,
  type RecipeServices,
} from "../lock/recipe-client.js";
import { campaign, findLeader, proclaim, resign, type Candidacy } from "./election.js";
import { ObserveStream } from "./observe-stream.js";

export interface ElectionServiceOptions extends RecipeServices {
  readonly headers: ResponseHeaders;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class ElectionService {
  readonly #options: ElectionServiceOptions;

  constructor(options: ElectionServiceOptions) {
    this.#options = options;
  }

  /** The methods of `v3electionpb.Election`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      Campaign: { method: { kind: "unary", handler: this.#handleCampaign }, onLearner: false },
      Proclaim: { method: { kind: "unary", handler: this.#handleProclaim }, onLearner: false },
      Leader: { method: { kind: "unary", handler: this.#handleLeader }, onLearner: false },
      Observe: { method: { kind: "server-stream", handler: this.#handleObserve }, onLearner: false },
      Resign: { method: { kind: "unary", handler: this.#handleResign }, onLearner: false },
    };
  }

  readonly #handleCampaign = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeKept(pb.CampaignRequestSchema, message);
    const caller = new Caller(call);
    this.#answer(call, pb.CampaignResponseSchema, async (client) => {
      const won = await campaign(client, request, caller);
      if (won === undefined) return undefined;
      const { key, revision, lease } = won.candidacy;
      return { ...headerOf(won), leader: { name: request.name, key, rev: revision, lease } };
    });
  };

  readonly #handleProclaim = (call: UnaryCall, message: Uint8Array): void => {
    const { leader, value } = decodeKept(pb.ProclaimRequestSchema, message);
    this.#answer(call, pb.ProclaimResponseSchema, async (client) =>
      proclaim(client, await candidacyOf(client, leader), value),
    );
  };

  readonly #handleResign = (call: UnaryCall, message: Uint8Array): void => {
    const { leader } = decodeKept(pb.ResignRequestSchema, message);
    this.#answer(call, pb.ResignResponseSchema, async (client) =>
      resign(client, await candidacyOf(client, leader)),
    );
  };

  readonly #handleLeader = (call: UnaryCall, message: Uint8Array): void => {
    const { name } = decodeKept(pb.LeaderRequestSchema, message);
    this.#answer(call, pb.LeaderResponseSchema, async (client) => {
      const answer = await findLeader(client, name);
      const kv = answer.kvs[0];
      if (kv === undefined) throw recipeError("election-no-leader");
      return { ...headerOf(answer), kv };
    });
  };

  readonly #handleObserve = (call: ServerStreamCall, message: Uint8Array): void => {
    const { name } = decodeKept(pb.LeaderRequestSchema, message);
    const { headers, onError } = this.#options;
    new ObserveStream(call, new RecipeClient(this.#options, call), headers).run(name).catch(onError);
  };

  /** Answers with what the recipe gives; nothing when its caller has left. */
  #answer<Out extends DescMessage>(
    call: UnaryCall,
    schema: Out,
    recipe: (client: RecipeClient) => Promise<MessageInitShape<Out> | undefined>,
  ): void {
    const { onError } = this.#options;
    recipe(new RecipeClient(this.#options, call)).then(
      (response) => {
        if (response !== undefined) replyMessage(call, schema, response);
      },
      (error: unknown) => {
        failRecipe(call, error, onError);
      },
    );
  }
}

/** The candidacy that a client names; without a lease it gets a new one, as with any session. */
async function candidacyOf(client: RecipeClient, leader: pb.LeaderKey | undefined): Promise<Candidacy> {
  if (leader === undefined) throw recipeError("leader-key-missing");
  return { key: leader.key, revision: leader.rev, lease: await client.session(leader.lease) };
}

function headerOf<T>({ header }: { readonly header?: T | undefined }): { readonly header?: T } {
  return header === undefined ? {} : { header };
}
