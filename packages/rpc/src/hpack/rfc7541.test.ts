/** The examples of RFC 7541 appendix C, decoded and, where our encoder makes the same choices, encoded. */
import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { HeaderField } from "./hpack-encoder.js";
import { LITERAL_INDEXED, writeInteger } from "./hpack-literal.js";
import { decodeAll, hex } from "./testing/decode-all.js";

interface Step {
  readonly block: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly tableBytes: number;
}

const FIRST_REQUEST = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
] as const;
const REQUESTS = [
  FIRST_REQUEST,
  [...FIRST_REQUEST, ["cache-control", "no-cache"]],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
] as const;

const SECOND_SECOND = "Mon, 21 Oct 2013 20:13:22 GMT";
const RESPONSES = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", SECOND_SECOND],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
] as const;

interface Example {
  readonly section: string;
  readonly maxTableBytes: number;
  readonly huffman: boolean;
  readonly steps: readonly Step[];
}

const EXAMPLES: readonly Example[] = [
  {
    section: "C.3 requests without Huffman coding",
    maxTableBytes: 4096,
    huffman: false,
    steps: [
      { block: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", fields: REQUESTS[0], tableBytes: 57 },
      { block: "8286 84be 5808 6e6f 2d63 6163 6865", fields: REQUESTS[1], tableBytes: 110 },
      {
        block: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        fields: REQUESTS[2],
        tableBytes: 164,
      },
    ],
  },
  {
    section: "C.4 requests with Huffman coding",
    maxTableBytes: 4096,
    huffman: true,
    steps: [
      { block: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", fields: REQUESTS[0], tableBytes: 57 },
      { block: "8286 84be 5886 a8eb 1064 9cbf", fields: REQUESTS[1], tableBytes: 110 },
      {
        block: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        fields: REQUESTS[2],
        tableBytes: 164,
      },
    ],
  },
  {
    section: "C.5 responses without Huffman coding",
    maxTableBytes: 256,
    huffman: false,
    steps: [
      {
        block: `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
          2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        fields: RESPONSES[0],
        tableBytes: 222,
      },
      { block: "4803 3330 37c1 c0bf", fields: RESPONSES[1], tableBytes: 222 },
      {
        block: `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
          7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765
          3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
        fields: RESPONSES[2],
        tableBytes: 215,
      },
    ],
  },
  {
    section: "C.6 responses with Huffman coding",
    maxTableBytes: 256,
    huffman: true,
    steps: [
      {
        block: `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
          1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        fields: RESPONSES[0],
        tableBytes: 222,
      },
      { block: "4883 640e ffc1 c0bf", fields: RESPONSES[1], tableBytes: 222 },
      {
        block: `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
          e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        fields: RESPONSES[2],
        tableBytes: 215,
      },
    ],
  },
];

describe("RFC 7541 appendix C", () => {
  test.each([
    [10, "4a"],
    [1337, "5f 9a 0a"],
    [42, "2a"],
  ])("C.1 the integer %i is written with a prefix", (value, bytes) => {
    const target = new Uint8Array(6);
    const mask = value === 42 ? 0xff : 0x1f;
    const end = writeInteger(target, 0, value, { pattern: value === 42 ? 0 : LITERAL_INDEXED.pattern, mask });
    expect(Buffer.from(target.subarray(0, end))).toEqual(Buffer.from(hex(bytes)));
  });

  test.each([
    [
      "C.2.1 literal with indexing",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key",
      "custom-header",
      false,
      55,
    ],
    [
      "C.2.2 literal without indexing",
      "040c 2f73 616d 706c 652f 7061 7468",
      ":path",
      "/sample/path",
      false,
      0,
    ],
    [
      "C.2.3 literal never indexed",
      "1008 7061 7373 776f 7264 0673 6563 7265 74",
      "password",
      "secret",
      true,
      0,
    ],
    ["C.2.4 indexed field", "82", ":method", "GET", false, 0],
  ])("%s", (_, block, name, value, sensitive, tableBytes) => {
    const decoder = new HpackDecoder(4096);
    expect(decodeAll(decoder, hex(block))).toEqual([[name, value, sensitive]]);
    expect(decoder.tableBytes).toBe(tableBytes);
  });

  test.each(EXAMPLES)("$section are decoded", ({ maxTableBytes, steps }) => {
    const decoder = new HpackDecoder(maxTableBytes);
    for (const step of steps) {
      expect(decodeAll(decoder, hex(step.block))).toEqual(
        step.fields.map(([name, value]) => [name, value, false]),
      );
      expect(decoder.tableBytes).toBe(step.tableBytes);
    }
  });

  test.each(EXAMPLES)("$section are encoded to the same bytes", ({ maxTableBytes, huffman, steps }) => {
    const encoder = new HpackEncoder({ maxTableBytes, huffman });
    for (const step of steps) {
      const fields = step.fields.map(([name, value]): HeaderField => ({ name, value }));
      expect(Buffer.from(encoder.encode(fields)).toString("hex")).toBe(
        Buffer.from(hex(step.block)).toString("hex"),
      );
      expect(encoder.tableBytes).toBe(step.tableBytes);
    }
  });
});
