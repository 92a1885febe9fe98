/** Endpoints as people and members write them, brought to one form: `http://host:port`, `https://host:port` or `unix:path`. */

const DEFAULT_PORT = "2379";

/** Throws an Error that says what is wrong with `text`. */
export function normalizeEndpoint(text: string, isTls: boolean): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new Error("an endpoint is empty");
  if (/^unixs?:/.test(trimmed)) return trimmed;
  const withScheme = /^[a-z]+:\/\//i.test(trimmed) ? trimmed : `${isTls ? "https" : "http"}://${trimmed}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw new Error(`"${text}" is no endpoint; write host:port, http://host:port or https://host:port`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      `the endpoint of ${url.host} has credentials in it; name a user and a password file instead`,
    );
  }
  // A URL drops the port that its scheme implies, which is not etcd's.
  const wroteImplied = /:(80|443)\/?$/.exec(withScheme)?.[1];
  return `${url.protocol}//${url.hostname}:${url.port || wroteImplied || DEFAULT_PORT}`;
}
