/**
 * Headers of every answer. Scripts come from this console alone and never from within a page; styles may stand in a page, because the
 * editor and whatever is placed on the screen while it runs bring theirs along. No other site may show, open or read the console.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HSTS_SECONDS = 180 * 24 * 3600;

export function securityHeaders(isTls: boolean): Readonly<Record<string, string>> {
  return {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ...(isTls ? { "strict-transport-security": `max-age=${HSTS_SECONDS}` } : {}),
  };
}
