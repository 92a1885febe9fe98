/**
 * Who makes a call: the owner of its token, else the name in its verified certificate, else nobody. What the metadata says is found
 * once per metadata object, since connections repeat theirs; whom a token stands for is asked each time, since tokens end.
 *
 * `ready` comes first, for what takes time; afterwards `of` answers at once. Source: operations 4.5.
 */
import { bytesOf, byteStringOf, NOBODY, type AuthStore, type Identity } from "@quorate/machine";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { CallBase, Metadata } from "@quorate/rpc";
import type { CredentialsPort, TokenOwner } from "../ports/credentials-port.js";

/** A caller as the header of its entries names it. */
export interface Caller extends Identity {
  readonly userBytes: Uint8Array;
}

type IdentifiedCall = Pick<CallBase, "metadata" | "peerCommonName">;

interface CallerFacts {
  readonly token: string | undefined;
  /** Through the JSON gateway: the certificate is the gateway's, not the caller's. */
  readonly isForwarded: boolean;
  /** The owner that `ready` waited for, when `look` could no longer tell at once. */
  owner: TokenOwner | undefined;
}

export const NO_CALLER: Caller = { ...NOBODY, userBytes: new Uint8Array(0) };

const BEARER = "Bearer ";

export class Identities {
  readonly #auth: AuthStore;
  readonly #credentials: CredentialsPort;
  readonly #facts = new WeakMap<Metadata, CallerFacts>();
  /** The caller found last for an owner or a name. */
  readonly #callers = new WeakMap<TokenOwner, Caller>();
  #certificateCaller: Caller & { readonly commonName: string } = { ...NO_CALLER, commonName: "" };

  constructor(auth: AuthStore, credentials: CredentialsPort) {
    this.#auth = auth;
    this.#credentials = credentials;
  }

  /** Resolves when `of` can tell who makes the call; undefined when it can at once. */
  ready(call: IdentifiedCall): Promise<void> | undefined {
    if (!this.#auth.enabled) return undefined;
    const facts = this.#factsOf(call.metadata);
    if (facts.token === undefined) return undefined;
    const owner = this.#credentials.look(facts.token);
    if (!(owner instanceof Promise)) return undefined;
    return owner.then((found) => void (facts.owner = found));
  }

  /** Who makes the call; `NO_CALLER` for nobody. */
  of(call: IdentifiedCall): Caller | "invalid-auth-token" {
    const auth = this.#auth;
    const { trustsCertificates } = this.#credentials;
    if (!auth.enabled && !trustsCertificates) return NO_CALLER;
    const facts = this.#factsOf(call.metadata);
    if (auth.enabled && facts.token !== undefined) return this.#ownerOf(facts, facts.token);
    const { peerCommonName } = call;
    if (!trustsCertificates || facts.isForwarded || peerCommonName === undefined) return NO_CALLER;
    return this.#named(peerCommonName);
  }

  /** Whom a token stands for that came another way than with a call. */
  async ofToken(token: string): Promise<Caller | "invalid-auth-token"> {
    const owner = await this.#credentials.look(withoutBearer(token));
    return owner === undefined ? "invalid-auth-token" : this.#callerOf(owner);
  }

  #ownerOf(facts: CallerFacts, token: string): Caller | "invalid-auth-token" {
    const found = this.#credentials.look(token);
    const owner = found instanceof Promise ? facts.owner : found;
    return owner === undefined ? "invalid-auth-token" : this.#callerOf(owner);
  }

  #callerOf(owner: TokenOwner): Caller {
    const revision = owner.revision ?? this.#auth.revision;
    const known = this.#callers.get(owner);
    if (known?.revision === revision) return known;
    const caller = { user: owner.user, revision, userBytes: known?.userBytes ?? bytesOf(owner.user) };
    this.#callers.set(owner, caller);
    return caller;
  }

  #named(commonName: string): Caller {
    const { revision } = this.#auth;
    const known = this.#certificateCaller;
    if (known.commonName === commonName && known.revision === revision) return known;
    const userBytes = getTextEncoding().encodeUtf8(commonName);
    this.#certificateCaller = { user: byteStringOf(userBytes), revision, userBytes, commonName };
    return this.#certificateCaller;
  }

  #factsOf(metadata: Metadata): CallerFacts {
    const known = this.#facts.get(metadata);
    if (known !== undefined) return known;
    const token = metadata.get("token") ?? metadata.get("authorization");
    const facts = {
      token: token === undefined ? undefined : withoutBearer(token),
      isForwarded: metadata.get("grpcgateway-accept") !== undefined,
      owner: undefined,
    };
    this.#facts.set(metadata, facts);
    return facts;
  }
}

function withoutBearer(token: string): string {
  return token.startsWith(BEARER) ? token.slice(BEARER.length) : token;
}
