/**
 * The Auth service. Everything goes through the log, questions included, so that an answer has its place among the changes; passwords
 * are hashed before, so that no log ever holds one. Members before 3.5 hash them themselves: beside such, passwords are set there.
 * Source: operations 4.
 */
import { encodeBase64, OPERATION, type AuthStore } from "@quorate/machine";
import { etcdserverpb as pb, type DescMessage, type MessageShape } from "@quorate/proto";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { UnaryCall } from "@quorate/rpc";
import type { ReportPort } from "../../member/ports.js";
import { decodeMessage, encodeMessage } from "../generated-codec.js";
import type { GuardedMethod } from "../guard.js";
import type { MemberPort } from "../member-port.js";
import type { CredentialsPort } from "../ports/credentials-port.js";
import type { Proposals } from "../proposals.js";
import { failCall } from "../to-status.js";
import type { Identities } from "./identities.js";
import { Login } from "./logins.js";

export interface AuthServiceOptions {
  readonly member: Pick<MemberPort, "awaitReadIndex" | "storage">;
  readonly auth: AuthStore;
  readonly identities: Identities;
  readonly credentials: CredentialsPort;
  readonly proposals: Proposals;
  readonly report: Pick<ReportPort, "info" | "warn">;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class AuthService {
  readonly #options: AuthServiceOptions;

  constructor(options: AuthServiceOptions) {
    this.#options = options;
  }

  /** The methods of `etcdserverpb.Auth`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      AuthEnable: this.#forward(OPERATION.authEnable, pb.AuthEnableRequestSchema),
      AuthDisable: this.#forward(OPERATION.authDisable, pb.AuthDisableRequestSchema),
      AuthStatus: this.#forward(OPERATION.authStatus, pb.AuthStatusRequestSchema),
      Authenticate: unary(this.#handleAuthenticate),
      UserAdd: unary(this.#handleUserAdd),
      UserGet: this.#forward(OPERATION.authUserGet, pb.AuthUserGetRequestSchema),
      UserList: this.#forward(OPERATION.authUserList, pb.AuthUserListRequestSchema),
      UserDelete: this.#forward(OPERATION.authUserDelete, pb.AuthUserDeleteRequestSchema),
      UserChangePassword: unary(this.#handleUserChangePassword),
      UserGrantRole: this.#forward(OPERATION.authUserGrantRole, pb.AuthUserGrantRoleRequestSchema),
      UserRevokeRole: this.#forward(OPERATION.authUserRevokeRole, pb.AuthUserRevokeRoleRequestSchema),
      RoleAdd: this.#forward(OPERATION.authRoleAdd, pb.AuthRoleAddRequestSchema),
      RoleGet: this.#forward(OPERATION.authRoleGet, pb.AuthRoleGetRequestSchema),
      RoleList: this.#forward(OPERATION.authRoleList, pb.AuthRoleListRequestSchema),
      RoleDelete: this.#forward(OPERATION.authRoleDelete, pb.AuthRoleDeleteRequestSchema),
      RoleGrantPermission: this.#forward(
        OPERATION.authRoleGrantPermission,
        pb.AuthRoleGrantPermissionRequestSchema,
      ),
      RoleRevokePermission: this.#forward(
        OPERATION.authRoleRevokePermission,
        pb.AuthRoleRevokePermissionRequestSchema,
      ),
    };
  }

  /** Proposes the request as etcd would encode it: members of other releases read the entry too. */
  #forward(operation: number, schema: DescMessage): GuardedMethod {
    return unary((call, message) => {
      this.#options.proposals.submit(call, operation, encodeMessage(schema, decodeMessage(schema, message)));
    });
  }

  readonly #handleAuthenticate = (call: UnaryCall, message: Uint8Array): void => {
    new Login(call, decodeMessage(pb.AuthenticateRequestSchema, message), this.#options).start();
  };

  readonly #handleUserAdd = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeMessage(pb.AuthUserAddRequestSchema, message);
    const submit = (hashedPassword: string): void => {
      const { name, options } = request;
      const entry = encodeMessage(pb.AuthUserAddRequestSchema, {
        name,
        hashedPassword,
        ...(options === undefined ? {} : { options }),
      });
      this.#options.proposals.submit(call, OPERATION.authUserAdd, entry);
    };
    if (request.options?.noPassword === true) submit("");
    else this.#hash(call, request, submit);
  };

  readonly #handleUserChangePassword = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeMessage(pb.AuthUserChangePasswordRequestSchema, message);
    const submit = (hashedPassword: string): void => {
      const entry = encodeMessage(pb.AuthUserChangePasswordRequestSchema, {
        name: request.name,
        hashedPassword,
      });
      this.#options.proposals.submit(call, OPERATION.authUserChangePassword, entry);
    };
    if (request.password === "") submit(request.hashedPassword);
    else this.#hash(call, request, submit);
  };

  /** Hashes the password of an administrator's request, and hands the hash on in base64. */
  #hash(
    call: UnaryCall,
    request: MessageShape<typeof pb.AuthUserAddRequestSchema | typeof pb.AuthUserChangePasswordRequestSchema>,
    submit: (hashedPassword: string) => void,
  ): void {
    const { credentials, onError, member } = this.#options;
    this.#whenAdmin(call, () => {
      if (knowsNoHashes(member.storage.schemaVersion)) {
        failCall(call, "not-capable");
        return;
      }
      const password = getTextEncoding().encodeUtf8(request.password);
      credentials
        .hashPassword(password, () => !call.ended)
        .then((hash) => {
          if (call.ended) return;
          if (hash instanceof Uint8Array) submit(getTextEncoding().decodeUtf8(encodeBase64(hash)));
          else failCall(call, hash.failure);
        })
        .catch(onError);
    });
  }

  /** Hashing is dear, so it is not done for just anybody. Who is refused here would be refused when the entry is applied. */
  #whenAdmin(call: UnaryCall, proceed: () => void): void {
    const { auth, identities, member } = this.#options;
    const refusal = (): ReturnType<AuthStore["checkAdmin"]> | "invalid-auth-token" => {
      const caller = identities.of(call);
      return caller === "invalid-auth-token" ? caller : auth.checkAdmin(caller);
    };
    if (refusal() === undefined) {
      proceed();
      return;
    }
    // This member may be behind: then the caller is judged by what is newest.
    member.awaitReadIndex({
      onReady: () => {
        const final = refusal();
        if (final === undefined) proceed();
        else failCall(call, final);
      },
      onFailed: (failure) => {
        failCall(call, failure);
      },
    });
  }
}

/**
 * Whether members are there that know passwords in clear text only and would take a hashed one for none. The version of a cluster of which
 * not all members have been heard yet, 3.0, says nothing.
 */
function knowsNoHashes(clusterVersion: string): boolean {
  return /^3\.[1-4]\./.test(clusterVersion);
}

function unary(handler: (call: UnaryCall, message: Uint8Array) => void): GuardedMethod {
  return { method: { kind: "unary", handler }, onLearner: false };
}
