import * as h2 from "./testing/frames.js";
import { connectionError, eitherError, ignored, ok } from "./testing/outcome.js";
import type { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";

const { Flag, FrameType } = h2;
const RESERVED_BIT = 0x8000_0000;
const TOO_LONG = h2.DEFAULT_MAX_FRAME_BYTES + 1;

/** A request on stream 1 that is not finished. */
function open(client: RawClient, method: typeof Method.echo | typeof Method.collect = Method.echo): void {
  client.send(client.headers(1, request(method)));
}

/** Finishes the request that `open` began. */
const finish = h2.data(1, h2.message());

describeRows("RFC 9113 section 4: frames", [
  ...(
    [
      ["4.1 on stream 0", 0, 0],
      ["4.1 on an idle stream", 77, 0],
      ["4.1 with all flags", 0, 0xff],
      ["4.1 on an even stream", 2, 0],
    ] as const
  ).map(([what, streamId, flags]) =>
    row(
      `${what}, a frame of unknown type`,
      (client) => void client.send(h2.frame({ type: 0x16, flags, streamId }, Buffer.alloc(50, 1))),
      ignored(),
    ),
  ),
  row(
    "4.1 a frame of unknown type on an open stream",
    (client) => {
      open(client);
      client.send(h2.frame({ type: 0xfe, streamId: 1 }, Buffer.alloc(8)), finish);
    },
    ok(1, "hello"),
  ),
  row(
    "4.1 an unknown frame of the largest size",
    (client) => void client.send(h2.frame({ type: 0x16 }, Buffer.alloc(h2.DEFAULT_MAX_FRAME_BYTES))),
    ignored(),
  ),
  ...([0x0a, 0x0c, 0x10] as const).map((type) =>
    row(
      `4.1 an extension frame (type ${type}) that the server does not know`,
      (client) => void client.send(h2.frame({ type }, Buffer.alloc(12))),
      ignored(),
    ),
  ),
  row(
    "4.1 undefined flags on PING",
    (client) => void client.send(h2.frame({ type: FrameType.ping, flags: 0xfe }, Buffer.alloc(8))),
    ignored(),
  ),
  row(
    "4.1 undefined flags on SETTINGS",
    (client) => void client.send(h2.frame({ type: FrameType.settings, flags: 0xfe })),
    ignored(),
  ),
  row(
    "4.1 undefined flags on WINDOW_UPDATE",
    (client) => void client.send(h2.frame({ type: FrameType.windowUpdate, flags: 0xff }, h2.u32(1))),
    ignored(),
  ),
  row(
    "4.1 undefined flags on HEADERS and DATA",
    (client) => {
      client.send(
        client.headers(1, request(), Flag.endHeaders | 0xd2),
        h2.data(1, h2.message(), Flag.endStream | 0xf6),
      );
    },
    ok(1, "hello"),
  ),
  row(
    "4.1 undefined flags on RST_STREAM",
    (client) => {
      open(client);
      client.send(h2.frame({ type: FrameType.rstStream, flags: 0xff, streamId: 1 }, h2.u32(8)));
    },
    ignored(),
  ),
  row(
    "4.1 the reserved bit of the stream id",
    (client) => {
      client.send(
        h2.headers(RESERVED_BIT + 1, client.encoder.encode(request()), Flag.endHeaders),
        h2.data(RESERVED_BIT + 1, h2.message()),
      );
    },
    ok(1, "hello"),
  ),
  row(
    "4.1 the reserved bit on stream 0",
    (client) => void client.send(h2.frame({ type: FrameType.settings, streamId: RESERVED_BIT })),
    ignored(),
  ),
  row(
    "4.1 a request one byte at a time",
    (client) => client.sendSlowly(Buffer.concat([client.headers(1, request()), finish])),
    ok(1, "hello"),
  ),
  row(
    "4.2 DATA of the largest size",
    (client) => {
      open(client, Method.collect);
      const message = h2.message(Buffer.alloc(h2.DEFAULT_MAX_FRAME_BYTES - 5, 0x61));
      client.send(h2.data(1, message));
    },
    ok(1, h2.u32(1, h2.DEFAULT_MAX_FRAME_BYTES - 5).toString("latin1")),
  ),
  row(
    "4.2 HEADERS of the largest size",
    (client) => {
      const block = client.encoder.encode(request());
      const padBytes = 255;
      const filler = h2.DEFAULT_MAX_FRAME_BYTES - block.length - padBytes - 1;
      // A literal without indexing, plain: x-fill with a value of three length octets.
      const nameBytes = Buffer.from("\x00\x06x-fill", "latin1");
      const valueBytes = filler - nameBytes.length - 3;
      const rest = valueBytes - 127;
      const field = [
        nameBytes,
        Uint8Array.of(0x7f, 0x80 | (rest & 0x7f), rest >> 7),
        Buffer.alloc(valueBytes, 0x61),
      ];
      const payload = h2.padded(Buffer.concat([block, ...field]), padBytes);
      client.send(h2.headers(1, payload, Flag.endHeaders | Flag.padded), finish);
    },
    ok(1, "hello"),
  ),
  row(
    "4.2 DATA longer than the largest size",
    (client) => {
      open(client);
      client.send(h2.data(1, Buffer.alloc(TOO_LONG)));
    },
    eitherError(1, "FRAME_SIZE_ERROR"),
  ),
  row(
    "4.2 HEADERS longer than the largest size",
    (client) => void client.send(h2.headers(1, Buffer.alloc(TOO_LONG), Flag.endHeaders)),
    connectionError("FRAME_SIZE_ERROR"),
  ),
  row(
    "4.2 SETTINGS longer than the largest size",
    (client) =>
      void client.send(h2.frame({ type: FrameType.settings }, Buffer.alloc(TOO_LONG + (6 - (TOO_LONG % 6))))),
    connectionError("FRAME_SIZE_ERROR", "ENHANCE_YOUR_CALM"),
  ),
  row(
    "4.2 an unknown frame longer than the largest size",
    (client) => void client.send(h2.frame({ type: 0x20 }, Buffer.alloc(TOO_LONG))),
    connectionError("FRAME_SIZE_ERROR"),
  ),
  row(
    "4.2 a declared length of 2^24 - 1 is refused before the payload comes",
    (client) => {
      open(client);
      client.send(
        h2.frame({ type: FrameType.headers, streamId: 3, flags: Flag.endHeaders, length: 2 ** 24 - 1 }),
      );
    },
    connectionError("FRAME_SIZE_ERROR"),
  ),
]);
