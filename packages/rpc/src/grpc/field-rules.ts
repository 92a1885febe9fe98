/** What a field of a header block may look like, in either direction. Source: RFC 9113 section 8.2; gRPC over HTTP/2. */

/** Names that HTTP/1 needs and HTTP/2 forbids. */
const connectionSpecific = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const validName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Whether a field that is no pseudo-header may have this name. */
export function isValidName(name: string): boolean {
  return validName.test(name) && !connectionSpecific.has(name);
}

/**
 * No NUL, CR or LF. RFC 9113 section 8.2.1 forbids a space or tab at either end, too, but clients of grpc-go send them in
 * metadata, and servers of grpc-go take them.
 */
export function isValidValue(value: string): boolean {
  // A loop: values are short.
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code === 0x0a || code === 0x0d) return false;
  }
  return true;
}

/** `application/grpc`, alone or followed by `+subtype` or `;parameters`. */
export function isGrpcContentType(type: string): boolean {
  const base = "application/grpc";
  if (type.slice(0, base.length).toLowerCase() !== base) return false;
  const next = type.charAt(base.length);
  return next === "" || next === "+" || next === ";";
}
