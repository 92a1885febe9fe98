import * as h2 from "./testing/frames.js";
import {
  connectionError,
  eitherError,
  ignored,
  ok,
  streamError,
  tolerated,
  untilEnded,
} from "./testing/outcome.js";
import type { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import type { MethodName } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";

const { Flag } = h2;

/** A whole request for a call that is never answered: stream 1 is half-closed (remote). */
function halfClosed(client: RawClient): void {
  client.send(client.headers(1, request(Method.hold)), h2.data(1, h2.message()));
}

function open(client: RawClient, method: MethodName = Method.hold): void {
  client.send(client.headers(1, request(method)));
}

/** Stream 1 was answered and is closed. */
async function answered(client: RawClient): Promise<void> {
  client.send(client.headers(1, request()), h2.data(1, h2.message()));
  await untilEnded(client, 1);
}

/** Stream 1 was reset by the client and is closed. */
function reset(client: RawClient): void {
  open(client);
  client.send(h2.rstStream(1));
}

describeRows("RFC 9113 section 5.1: stream states", [
  row("5.1 idle: DATA", (client) => void client.send(h2.data(1, "x")), connectionError("PROTOCOL_ERROR")),
  row(
    "5.1 idle: RST_STREAM",
    (client) => void client.send(h2.rstStream(1)),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1 idle: WINDOW_UPDATE",
    (client) => void client.send(h2.windowUpdate(1, 1)),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1 idle: CONTINUATION",
    (client) => void client.send(h2.continuation(1, client.encoder.encode(request()))),
    connectionError("PROTOCOL_ERROR"),
  ),
  row("5.1 idle: PRIORITY", (client) => void client.send(h2.priority(1, 0)), ignored()),
  row(
    "5.1 idle: DATA on an even stream",
    (client) => void client.send(h2.data(2, "x")),
    connectionError("PROTOCOL_ERROR"),
  ),

  row(
    "5.1 half-closed (remote): DATA",
    (client) => {
      halfClosed(client);
      client.send(h2.data(1, h2.message()));
    },
    eitherError(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 half-closed (remote): empty DATA",
    (client) => {
      halfClosed(client);
      client.send(h2.data(1, ""));
    },
    eitherError(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 half-closed (remote): HEADERS",
    (client) => {
      halfClosed(client);
      client.send(client.headers(1, [{ name: "x-trailer", value: "1" }], Flag.endHeaders | Flag.endStream));
    },
    eitherError(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 half-closed (remote) by HEADERS: DATA",
    (client) => {
      client.send(
        client.headers(1, request(Method.ignore), Flag.endHeaders | Flag.endStream),
        h2.data(1, h2.message()),
      );
    },
    eitherError(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 half-closed (remote): CONTINUATION",
    (client) => {
      halfClosed(client);
      client.send(h2.continuation(1, client.encoder.encode([{ name: "a", value: "b" }])));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1 half-closed (remote): WINDOW_UPDATE and PRIORITY",
    (client) => {
      halfClosed(client);
      client.send(h2.windowUpdate(1, 100), h2.priority(1, 0));
    },
    ignored(),
  ),
  row(
    "5.1 half-closed (remote): RST_STREAM cancels the call",
    (client) => {
      halfClosed(client);
      client.send(h2.rstStream(1));
    },
    ignored(),
  ),

  row(
    "5.1 closed by the client's RST_STREAM: DATA",
    (client) => {
      reset(client);
      client.send(h2.data(1, "x"));
    },
    tolerated(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 closed by the client's RST_STREAM: HEADERS",
    (client) => {
      reset(client);
      client.send(client.headers(1, request(Method.hold)));
    },
    tolerated(1, "STREAM_CLOSED", "PROTOCOL_ERROR"),
  ),
  row(
    "5.1 closed by the client's RST_STREAM: CONTINUATION",
    (client) => {
      reset(client);
      client.send(h2.continuation(1, client.encoder.encode([{ name: "a", value: "b" }])));
    },
    connectionError("PROTOCOL_ERROR", "STREAM_CLOSED"),
  ),
  row(
    "5.1 closed by the client's RST_STREAM: WINDOW_UPDATE, RST_STREAM, PRIORITY",
    (client) => {
      reset(client);
      client.send(h2.windowUpdate(1, 1), h2.rstStream(1), h2.priority(1, 0));
    },
    ignored(),
  ),
  row(
    "5.1 closed by both ends: DATA",
    async (client) => {
      await answered(client);
      client.send(h2.data(1, "x"));
    },
    tolerated(1, "STREAM_CLOSED"),
  ),
  row(
    "5.1 closed by both ends: HEADERS",
    async (client) => {
      await answered(client);
      client.send(client.headers(1, request()));
    },
    tolerated(1, "STREAM_CLOSED", "PROTOCOL_ERROR"),
  ),
  row(
    "5.1 closed by both ends: WINDOW_UPDATE, RST_STREAM, PRIORITY",
    async (client) => {
      await answered(client);
      client.send(h2.windowUpdate(1, 1), h2.rstStream(1), h2.priority(1, 0));
    },
    ignored(),
  ),
  row(
    "5.1 closed by the server's RST_STREAM: frames in flight",
    (client) => {
      // The te field is refused with RST_STREAM; the rest was on its way.
      client.send(client.headers(1, request(Method.echo, { te: "gzip" })));
      client.send(h2.data(1, h2.message(), Flag.none), h2.windowUpdate(1, 10));
      client.send(client.headers(1, [{ name: "x-trailer", value: "1" }], Flag.endHeaders | Flag.endStream));
    },
    streamError(1, "PROTOCOL_ERROR", "STREAM_CLOSED"),
  ),
  row(
    "5.1 closed implicitly by a higher id: DATA",
    (client) => {
      client.send(client.headers(5, request(Method.hold)), h2.data(3, "x"));
    },
    tolerated(3, "STREAM_CLOSED", "PROTOCOL_ERROR"),
  ),
  row(
    "5.1 RST_STREAM with an unknown error code",
    (client) => {
      open(client);
      client.send(h2.rstStream(1, 0xdead_beef));
    },
    ignored(),
  ),
]);

describeRows("RFC 9113 section 5.1.1: stream identifiers", [
  row(
    "5.1.1 HEADERS on stream 0",
    (client) => void client.send(client.headers(0, request())),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1.1 HEADERS on an even stream",
    (client) => void client.send(client.headers(2, request())),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1.1 a lower id than the last, never used",
    (client) => {
      client.send(client.headers(5, request(Method.hold)), client.headers(3, request(Method.hold)));
    },
    connectionError("PROTOCOL_ERROR", "STREAM_CLOSED"),
  ),
  row(
    "5.1.1 DATA on stream 0",
    (client) => void client.send(h2.data(0, "x")),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "5.1.1 ids may be skipped",
    (client) => void client.send(client.headers(501, request()), h2.data(501, h2.message())),
    ok(501, "hello"),
  ),
  row(
    "5.1.1 the highest id, with which the connection's ids end",
    (client) => {
      client.nextStreamId = h2.WINDOW_BYTES_MAX + 2;
      client.send(client.headers(0x7fff_ffff, request()), h2.data(0x7fff_ffff, h2.message()));
    },
    ok(0x7fff_ffff, "hello"),
  ),
]);

describeRows(
  "RFC 9113 section 5.1.2: stream concurrency",
  [
    row(
      "5.1.2 one call more than SETTINGS_MAX_CONCURRENT_STREAMS",
      (client) => {
        for (const id of [1, 3, 5]) client.send(client.headers(id, request(Method.hold)));
        // Room for the calls that prove the connection to be alive.
        client.send(h2.rstStream(1));
      },
      streamError(5, "REFUSED_STREAM"),
    ),
    row(
      "5.1.2 a refused call's header block still changes the dynamic table",
      (client) => {
        for (const id of [1, 3]) client.send(client.headers(id, request(Method.hold)));
        client.send(
          client.headers(5, request(Method.hold, { "x-new": "1" })),
          h2.rstStream(1),
          h2.rstStream(3),
        );
        client.send(client.headers(7, request(Method.echo, { "x-new": "1" })), h2.data(7, h2.message()));
      },
      ok(7, "hello"),
    ),
    row(
      "5.1.2 ended calls make room",
      async (client) => {
        for (let id = 1; id < 40; id += 2) {
          client.send(client.headers(id, request()), h2.data(id, h2.message()));
          await untilEnded(client, id);
        }
      },
      ignored(),
    ),
  ],
  { maxConcurrentStreams: 2 },
);
