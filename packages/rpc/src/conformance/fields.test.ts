import * as h2 from "./testing/frames.js";
import { ok, status, streamError } from "./testing/outcome.js";
import type { RawClient } from "./testing/raw-client.js";
import { Method, pathOf, request, requestWith } from "./testing/requests.js";
import type { FieldChanges } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";
import type { Row } from "./testing/rows.js";
import type { HeaderField } from "../hpack/hpack-encoder.js";

const { Flag } = h2;
const UNIMPLEMENTED = 12;

/** A whole request with these fields. */
const sendRequest =
  (fields: readonly HeaderField[], body: Uint8Array = h2.message()) =>
  (client: RawClient): void => {
    client.send(client.headers(1, fields), h2.data(1, body));
  };

const changed = (changes: FieldChanges): HeaderField[] => request(Method.echo, changes);

/** A row for a request that is malformed: RFC 9113 section 8.1.1 asks for a stream error of type PROTOCOL_ERROR. */
const malformed = (title: string, fields: readonly HeaderField[], body?: Uint8Array): Row =>
  row(title, sendRequest(fields, body), streamError(1, "PROTOCOL_ERROR"));

const fine = (title: string, fields: readonly HeaderField[], body?: Uint8Array): Row =>
  row(title, sendRequest(fields, body), ok(1, "hello"));

/** Sends a request, its message and these trailers. */
const sendTrailers =
  (trailers: readonly HeaderField[], flags: number = Flag.endHeaders | Flag.endStream) =>
  (client: RawClient): void => {
    client.send(
      client.headers(1, request()),
      h2.data(1, h2.message(), Flag.none),
      client.headers(1, trailers, flags),
    );
  };

const trailer = (name: string, value: string = "1"): readonly HeaderField[] => [{ name, value }];

describeRows("RFC 9113 section 8.2: field names and values", [
  malformed("8.2.1 an upper-case name", requestWith(["X-Upper", "1"])),
  malformed("8.2.1 one upper-case letter", requestWith(["x-uppeR", "1"])),
  malformed("8.2.1 an empty name", requestWith(["", "1"])),
  malformed("8.2.1 a space in a name", requestWith(["x y", "1"])),
  malformed("8.2.1 a control character in a name", requestWith(["x\x01y", "1"])),
  malformed("8.2.1 DEL in a name", requestWith(["x\x7fy", "1"])),
  malformed("8.2.1 a byte above 127 in a name", requestWith(["x\xe9y", "1"])),
  malformed("8.2.1 a colon within a name", requestWith(["x:y", "1"])),
  malformed("8.2.1 NUL in a value", requestWith(["x-y", "a\0b"])),
  malformed("8.2.1 CR in a value", requestWith(["x-y", "a\rb"])),
  malformed("8.2.1 LF in a value", requestWith(["x-y", "a\nb"])),
  // Malformed by the letter, but grpc-go and etcd take such metadata, and their clients send it.
  fine("8.2.1 spaces around a value of metadata", requestWith(["x-y", " a b "], ["x-z", "\ta"])),
  fine("8.2.1 an empty value", requestWith(["x-y", ""])),
  fine("8.2.1 a name of all allowed marks", requestWith(["x!#$%&'*+-.^_`|~0", "1"])),
  malformed("8.2.2 connection", requestWith(["connection", "close"])),
  malformed("8.2.2 keep-alive", requestWith(["keep-alive", "timeout=5"])),
  malformed("8.2.2 proxy-connection", requestWith(["proxy-connection", "keep-alive"])),
  malformed("8.2.2 transfer-encoding", requestWith(["transfer-encoding", "chunked"])),
  malformed("8.2.2 upgrade", requestWith(["upgrade", "h2c"])),
  malformed("8.2.2 te with gzip", changed({ te: "gzip" })),
  malformed("8.2.2 te with trailers and gzip", changed({ te: "trailers, gzip" })),
  fine("8.2.2 no te", changed({ te: null })),
  fine("8.2.3 cookies in several fields", requestWith(["cookie", "a=b"], ["cookie", "c=d"])),
]);

describeRows("RFC 9113 section 8.3: pseudo-header fields", [
  malformed("8.3 an unknown one", [{ name: ":unknown", value: "1" }, ...request()]),
  malformed("8.3 one of responses", [{ name: ":status", value: "200" }, ...request()]),
  malformed("8.3 an empty one", [{ name: ":", value: "1" }, ...request()]),
  malformed("8.3 one after a regular field", [
    ...changed({ ":path": null }),
    { name: ":path", value: pathOf(Method.echo) },
  ]),
  malformed("8.3 upper case", [...changed({ ":method": null }), { name: ":METHOD", value: "POST" }]),
  ...[":method", ":scheme", ":path", ":authority"].map((name) =>
    malformed(`8.3 ${name} twice`, [
      { name, value: request().find((field) => field.name === name)?.value ?? "" },
      ...request(),
    ]),
  ),
  ...[":method", ":scheme", ":path"].map((name) => malformed(`8.3.1 no ${name}`, changed({ [name]: null }))),
  malformed("8.3.1 an empty :path", changed({ ":path": "" })),
  malformed("8.3.1 nothing but :method", [{ name: ":method", value: "POST" }]),
  malformed("8.3.1 no fields at all", []),
  fine("8.3.1 no :authority", changed({ ":authority": null })),
  fine("8.3.1 host in place of :authority", [
    ...changed({ ":authority": null }),
    { name: "host", value: "localhost" },
  ]),
  fine("8.3.1 :scheme https over plain TCP", changed({ ":scheme": "https" })),
  malformed("RFC 8441 :protocol, which was not announced", [
    { name: ":protocol", value: "websocket" },
    ...request(),
  ]),
  row(
    "8.3.1 a :path without slash",
    sendRequest(changed({ ":path": "conformance.Test" })),
    status(1, UNIMPLEMENTED),
  ),
]);

describeRows("RFC 9113 section 8.1: message framing", [
  row("8.1 trailers end a request", sendTrailers(trailer("x-checksum")), ok(1, "hello")),
  row(
    "8.1 trailers without END_STREAM",
    sendTrailers(trailer("x-checksum"), Flag.endHeaders),
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row(
    "8.1 pseudo-header field in trailers",
    sendTrailers(trailer(":path", "/")),
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row("8.1 :status in trailers", sendTrailers(trailer(":status", "200")), streamError(1, "PROTOCOL_ERROR")),
  row(
    "8.1 an upper-case name in trailers",
    sendTrailers(trailer("X-Trailer")),
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row(
    "8.1 connection in trailers",
    sendTrailers(trailer("connection", "close")),
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row("8.1 LF in a trailer's value", sendTrailers(trailer("x-y", "a\nb")), streamError(1, "PROTOCOL_ERROR")),
  row(
    "8.1 DATA after trailers",
    (client) => {
      client.send(client.headers(1, request(Method.ignore)));
      client.send(
        client.headers(1, trailer("x-y"), Flag.endHeaders | Flag.endStream),
        h2.data(1, h2.message()),
      );
    },
    streamError(1, "STREAM_CLOSED"),
  ),
  malformed("8.1.1 content-length above the body's length", changed({ "content-length": "11" })),
  malformed("8.1.1 content-length below the body's length", changed({ "content-length": "9" })),
  malformed("8.1.1 content-length of 0 with a body", changed({ "content-length": "0" })),
  malformed("8.1.1 content-length that is no number", changed({ "content-length": "ten" })),
  malformed("8.1.1 a negative content-length", changed({ "content-length": "-10" })),
  malformed(
    "8.1.1 two different content-lengths",
    requestWith(["content-length", "10"], ["content-length", "11"]),
  ),
  row(
    "8.1.1 content-length with a body in several frames, too long",
    (client) => {
      client.send(client.headers(1, changed({ "content-length": "10" })));
      client.send(h2.data(1, h2.message(), Flag.none), h2.data(1, "x"));
    },
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row(
    "8.1.1 content-length without DATA",
    (client) => {
      client.send(client.headers(1, changed({ "content-length": "10" }), Flag.endHeaders | Flag.endStream));
    },
    streamError(1, "PROTOCOL_ERROR"),
  ),
  fine("8.1.1 the right content-length", changed({ "content-length": "10" })),
  row(
    "8.1.1 the right content-length, padded",
    (client) => {
      const payload = h2.padded(h2.message(), 30);
      client.send(
        client.headers(1, changed({ "content-length": "10" })),
        h2.data(1, payload, Flag.endStream | Flag.padded),
      );
    },
    ok(1, "hello"),
  ),
  row(
    "8.1.1 a malformed request leaves the others on the connection alone",
    (client) => {
      client.send(client.headers(1, request(Method.chat)), client.headers(3, requestWith(["Bad", "1"])));
      client.send(h2.data(1, h2.message()));
    },
    ok(1, "hello"),
  ),
]);
