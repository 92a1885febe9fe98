/** When a JSON Web Token expires, in milliseconds since 1970; undefined for other tokens, and for those that do not say. */
export function parseJwtExpiry(token: string): number | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (char) =>
      char.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const expiry = (claims as { readonly exp?: unknown } | null)?.exp;
    return typeof expiry === "number" ? expiry * 1000 : undefined;
  } catch {
    // Whatever it is, it is no JSON Web Token.
    return undefined;
  }
}
