/** What a client tells its logger, over either transport. */
import { describe, expect, test } from "vitest";
import type { LogFields, Logger } from "../logger.js";
import { TRANSPORTS } from "../testing/bench.js";
import { freePort } from "../testing/etcd-server.js";
import { startTestServer } from "../testing/test-server.js";
import { until } from "../testing/scripted-server.js";
import { createClient } from "./create-client.js";

class RecordingLogger implements Logger {
  readonly lines: { readonly level: keyof Logger; readonly message: string; readonly fields: LogFields }[] =
    [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "info", message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "warn", message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "error", message, fields });
  }

  has(level: keyof Logger, message: string): boolean {
    return this.lines.some((line) => line.level === level && line.message === message);
  }
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a logger is told of connections, of endpoints that do not serve, and of calls that are made again", async () => {
    const logger = new RecordingLogger();
    const nobody = `127.0.0.1:${await freePort()}`;
    await using server = await startTestServer();
    await using client = createClient({ endpoints: [nobody, server.endpoint], logger, transport });
    for (let i = 0; i < 4; i++) await client.get("a");
    expect(logger.has("debug", "connected")).toBe(true);
    expect(logger.lines).toContainEqual({
      level: "warn",
      message: "an endpoint is set aside",
      fields: { endpoint: nobody, failures: 1, forMs: 100 },
    });
    const again = logger.lines.find(({ message }) => message === "a call is made again");
    expect(again).toMatchObject({ level: "debug", fields: { method: "Range", endpoint: nobody } });
    await until(() => logger.has("warn", "no connection"));
  });

  test("a logger is told of connections that are lost, and of watches that go on", async () => {
    const logger = new RecordingLogger();
    await using server = await startTestServer();
    await using client = createClient({ endpoints: server.endpoint, logger, transport });
    await using watch = client.watch("watched");
    await watch.ready;
    expect(logger.lines.map(({ level }) => level)).toEqual(["debug"]);
    await server.restart();
    await client.put("watched", "later");
    for await (const event of watch) {
      expect(event.kv.key).toBe("watched");
      break;
    }
    const resumed = logger.lines.find(({ message }) => message === "watches go on with another stream");
    expect(resumed).toMatchObject({ level: "info", fields: { watches: 1 } });
    expect(logger.has("info", "an endpoint serves again")).toBe(true);
    expect(logger.lines.filter(({ message }) => message === "connected").length).toBeGreaterThanOrEqual(2);
  });

  test("a logger is told of logins, and never of secrets or of what is stored", async () => {
    const logger = new RecordingLogger();
    await using server = await startTestServer({ rootPassword: "open sesame" });
    const user = { name: "root", password: "open sesame" };
    await using client = createClient({ endpoints: server.endpoint, user, logger, transport });
    await client.put("a secret key", "a secret value");
    await server.restart();
    await client.put("a secret key", "a secret value", { timeoutMs: 20_000 });
    expect(logger.has("debug", "logged in")).toBe(true);
    const text = JSON.stringify(logger.lines);
    for (const secret of ["open sesame", "a secret"]) expect(text).not.toContain(secret);
  });
});
