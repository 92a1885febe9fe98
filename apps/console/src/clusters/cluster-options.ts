/** How one cluster is reached. Holds secrets; only `ClusterRef` goes to browsers. */

export interface ClusterTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Name that certificates are checked against, where endpoints are addresses. */
  readonly serverName?: string;
}

export interface ClusterOptions {
  /** What browsers name it by. */
  readonly id: string;
  readonly name: string;
  /** In the form of `normalizeEndpoint`. */
  readonly endpoints: readonly string[];
  readonly tls?: ClusterTls;
  readonly credentials?: { readonly user: string; readonly password: string };
}
