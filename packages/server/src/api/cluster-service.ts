/**
 * The Cluster service: who the members are, and changing that. Its headers carry no revision: the answers are not about the store.
 * Source: operations 2.2.
 */
import { etcdserverpb, type MessageInitShape } from "@quorate/proto";
import type { UnaryCall } from "@quorate/rpc";
import { decodeMessage, replyMessage } from "./generated-codec.js";
import type { GuardedMethod } from "./guard.js";
import type { ResponseHeaders } from "./header.js";
import type { MemberPort, MemberRow } from "./member-port.js";
import { normalizePeerUrls } from "./peer-urls.js";
import type { ClusterPort, MembershipRequest } from "./ports/cluster-port.js";
import { failCall } from "./to-status.js";

export interface ClusterServiceOptions {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly cluster: ClusterPort;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

type Answer = (members: readonly MemberRow[], id: bigint) => void;

export class ClusterService {
  readonly #options: ClusterServiceOptions;

  constructor(options: ClusterServiceOptions) {
    this.#options = options;
  }

  /** The methods of `etcdserverpb.Cluster`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      MemberList: { method: { kind: "unary", handler: this.#handleList }, onLearner: false },
      MemberAdd: { method: { kind: "unary", handler: this.#handleAdd }, onLearner: false },
      MemberRemove: { method: { kind: "unary", handler: this.#handleRemove }, onLearner: false },
      MemberUpdate: { method: { kind: "unary", handler: this.#handleUpdate }, onLearner: false },
      MemberPromote: { method: { kind: "unary", handler: this.#handlePromote }, onLearner: false },
    };
  }

  readonly #handleList = (call: UnaryCall, message: Uint8Array): void => {
    const { linearizable } = decodeMessage(etcdserverpb.MemberListRequestSchema, message);
    if (!linearizable) {
      this.#replyMembers(call);
      return;
    }
    this.#options.member.awaitReadIndex({
      onReady: () => {
        this.#replyMembers(call);
      },
      onFailed: (failure) => {
        failCall(call, failure);
      },
    });
  };

  #replyMembers(call: UnaryCall): void {
    replyMessage(call, etcdserverpb.MemberListResponseSchema, {
      header: this.#header(),
      members: this.#options.member.members().map(messageOf),
    });
  }

  readonly #handleAdd = (call: UnaryCall, message: Uint8Array): void => {
    const { peerURLs, isLearner } = decodeMessage(etcdserverpb.MemberAddRequestSchema, message);
    const peerUrls = normalizePeerUrls(peerURLs);
    if (peerUrls === undefined) {
      failCall(call, "member-bad-urls");
      return;
    }
    this.#change(call, { kind: "add", peerUrls, isLearner }, (members, id) => {
      replyMessage(call, etcdserverpb.MemberAddResponseSchema, {
        header: this.#header(),
        // Name and client URLs are the new member's own to tell.
        member: { ID: id, peerURLs: peerUrls, isLearner },
        members: members.map(messageOf),
      });
    });
  };

  readonly #handleRemove = (call: UnaryCall, message: Uint8Array): void => {
    const { ID } = decodeMessage(etcdserverpb.MemberRemoveRequestSchema, message);
    this.#change(call, { kind: "remove", id: ID }, (members) => {
      replyMessage(call, etcdserverpb.MemberRemoveResponseSchema, this.#body(members));
    });
  };

  readonly #handleUpdate = (call: UnaryCall, message: Uint8Array): void => {
    const { ID, peerURLs } = decodeMessage(etcdserverpb.MemberUpdateRequestSchema, message);
    // etcd leaves this check to its clients, and its members end when the log tells them to dial such a URL.
    if (normalizePeerUrls(peerURLs) === undefined) {
      failCall(call, "member-bad-urls");
      return;
    }
    this.#change(call, { kind: "update", id: ID, peerUrls: peerURLs }, (members) => {
      replyMessage(call, etcdserverpb.MemberUpdateResponseSchema, this.#body(members));
    });
  };

  readonly #handlePromote = (call: UnaryCall, message: Uint8Array): void => {
    const { ID } = decodeMessage(etcdserverpb.MemberPromoteRequestSchema, message);
    const token = call.metadata.get("token") ?? call.metadata.get("authorization");
    this.#change(call, { kind: "promote", id: ID, token }, (members) => {
      replyMessage(call, etcdserverpb.MemberPromoteResponseSchema, this.#body(members));
    });
  };

  #change(call: UnaryCall, request: MembershipRequest, answer: Answer): void {
    this.#options.cluster.changeMembership(request).then((result) => {
      if (call.ended) return;
      if (result.kind === "failed") failCall(call, result.failure);
      else answer(result.members, result.id);
    }, this.#options.onError);
  }

  #body(members: readonly MemberRow[]): {
    header: ReturnType<ResponseHeaders["messageWithoutRevision"]>;
    members: MessageInitShape<typeof etcdserverpb.MemberSchema>[];
  } {
    return { header: this.#header(), members: members.map(messageOf) };
  }

  #header(): ReturnType<ResponseHeaders["messageWithoutRevision"]> {
    return this.#options.headers.messageWithoutRevision();
  }
}

function messageOf(row: MemberRow): MessageInitShape<typeof etcdserverpb.MemberSchema> {
  return {
    ID: row.id,
    name: row.name,
    peerURLs: [...row.peerUrls],
    clientURLs: [...row.clientUrls],
    isLearner: row.isLearner,
  };
}
