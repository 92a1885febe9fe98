import { afterAll, beforeAll, describe, test } from "vitest";
import type { GrpcServerOptions } from "../../options.js";
import { expectOutcome } from "./outcome.js";
import type { Outcome } from "./outcome.js";
import { RawClient } from "./raw-client.js";
import type { RawClientOptions } from "./raw-client.js";
import { PINGS_ALLOWED, startTestServer } from "./test-server.js";
import type { TestServer } from "./test-server.js";

/** One thing a client may do to the server, and what the server must do then. */
export interface Row {
  /** Section of RFC 9113 unless it names another source, then what is sent. */
  readonly title: string;
  readonly connect?: RawClientOptions;
  readonly act: (client: RawClient) => void | Promise<void>;
  readonly expect: Outcome;
}

/** A row from its parts; `connect` last, because few need it. */
export function row(
  title: string,
  act: (client: RawClient) => void | Promise<void>,
  outcome: Outcome,
  connect: RawClientOptions = {},
): Row {
  return { title, act, expect: outcome, connect };
}

/** Declares a suite: one server, and for each row a test with a connection of its own. */
export function describeRows(title: string, rows: readonly Row[], options: GrpcServerOptions = {}): void {
  describe(title, () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startTestServer({ ...PINGS_ALLOWED, ...options });
    });
    afterAll(async () => {
      await server.close();
    });

    test.each(rows.map((each) => [each.title, each] as const))(
      "%s",
      async (_, { act, expect: outcome, connect }) => {
        const client = await RawClient.connect(server.port, connect);
        try {
          await act(client);
          await expectOutcome(client, outcome);
        } finally {
          client.destroy();
        }
      },
    );
  });
}
