/** The static table (RFC 7541 appendix A): index 1 is the first row. */

// prettier-ignore
const ROWS: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""], [":method", "GET"], [":method", "POST"], [":path", "/"], [":path", "/index.html"],
  [":scheme", "http"], [":scheme", "https"], [":status", "200"], [":status", "204"], [":status", "206"],
  [":status", "304"], [":status", "400"], [":status", "404"], [":status", "500"], ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"], ["accept-language", ""], ["accept-ranges", ""], ["accept", ""],
  ["access-control-allow-origin", ""], ["age", ""], ["allow", ""], ["authorization", ""], ["cache-control", ""],
  ["content-disposition", ""], ["content-encoding", ""], ["content-language", ""], ["content-length", ""],
  ["content-location", ""], ["content-range", ""], ["content-type", ""], ["cookie", ""], ["date", ""], ["etag", ""],
  ["expect", ""], ["expires", ""], ["from", ""], ["host", ""], ["if-match", ""], ["if-modified-since", ""],
  ["if-none-match", ""], ["if-range", ""], ["if-unmodified-since", ""], ["last-modified", ""], ["link", ""],
  ["location", ""], ["max-forwards", ""], ["proxy-authenticate", ""], ["proxy-authorization", ""], ["range", ""],
  ["referer", ""], ["refresh", ""], ["retry-after", ""], ["server", ""], ["set-cookie", ""],
  ["strict-transport-security", ""], ["transfer-encoding", ""], ["user-agent", ""], ["vary", ""], ["via", ""],
  ["www-authenticate", ""],
];

/** Rows of the static table; the dynamic table begins at this index plus one. */
export const STATIC_LENGTH = 61;

/** Names by index; index 0 is unused. */
export const STATIC_NAMES: readonly string[] = ["", ...ROWS.map((row) => row[0])];

/** Values by index; index 0 is unused. */
export const STATIC_VALUES: readonly string[] = ["", ...ROWS.map((row) => row[1])];

const FIRST_BY_NAME: ReadonlyMap<string, number> = new Map(
  // Reversed, so that the first row of a name is the one that stays.
  ROWS.map((row, at) => [row[0], at + 1] as const).reverse(),
);

/** Index of the first row called `name`, or 0. */
export function staticNameIndex(name: string): number {
  return FIRST_BY_NAME.get(name) ?? 0;
}

/** Index of the row with this name and value, or 0. */
export function staticFieldIndex(name: string, value: string): number {
  let index = staticNameIndex(name);
  if (index === 0) return 0;
  // Rows of one name are neighbours.
  for (; STATIC_NAMES[index] === name; index++) {
    if (STATIC_VALUES[index] === value) return index;
  }
  return 0;
}
