/**
 * The Cluster service, as far as it lists members. Its headers carry no revision: the answers are not about the store.
 * Changing the membership is not here. Source: operations 2.2.
 */
import { etcdserverpb } from "@quorate/proto";
import type { UnaryCall } from "@quorate/rpc";
import { decodeMessage, replyMessage } from "./generated-codec.js";
import type { GuardedMethod } from "./guard.js";
import type { ResponseHeaders } from "./header.js";
import type { MemberPort } from "./member-port.js";
import { failCall } from "./to-status.js";

export class ClusterService {
  readonly #member: MemberPort;
  readonly #headers: ResponseHeaders;

  constructor(member: MemberPort, headers: ResponseHeaders) {
    this.#member = member;
    this.#headers = headers;
  }

  /** The methods of `etcdserverpb.Cluster`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return { MemberList: { method: { kind: "unary", handler: this.#handleMemberList }, onLearner: false } };
  }

  readonly #handleMemberList = (call: UnaryCall, message: Uint8Array): void => {
    const { linearizable } = decodeMessage(etcdserverpb.MemberListRequestSchema, message);
    if (!linearizable) {
      this.#replyMembers(call);
      return;
    }
    this.#member.awaitReadIndex({
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
      header: this.#headers.messageWithoutRevision(),
      members: this.#member.members().map((row) => ({
        ID: row.id,
        name: row.name,
        peerURLs: [...row.peerUrls],
        clientURLs: [...row.clientUrls],
        isLearner: row.isLearner,
      })),
    });
  }
}
