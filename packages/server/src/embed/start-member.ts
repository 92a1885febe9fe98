/**
 * The door for programs that have a member inside: one call starts it, one stops it.
 *
 * Several members may run in one process. Nothing is shared between them, and after `stop` no file, port or timer of a member is
 * left. Flags, environment and signals of the process are not looked at: whoever embeds decides.
 */
import type { MemberConfig } from "../node/config/config.js";
import { startServer, type RunningServer } from "../node/start-server.js";
import { choosePorts, hasPortZero, isPortTaken } from "./free-ports.js";
import { configOf, type MemberOptions, type MemberUrls } from "./member-options.js";
import { silentLogger } from "./silent-logger.js";
import { ETCD_VERSION, QUORATE_VERSION } from "./versions.js";

/** A free port was gone again this often before the start gives up. */
const PORT_ATTEMPTS_MAX = 5;
const ANY_LOOPBACK_PORT: readonly string[] = ["http://127.0.0.1:0"];

/** A member that serves clients. */
export interface EmbeddedMember extends AsyncDisposable {
  readonly name: string;
  readonly dataDir: string;
  /** Where clients reach it, such as `http://127.0.0.1:41234`. */
  readonly clientUrls: readonly string[];
  /** Where other members reach it. */
  readonly peerUrls: readonly string[];
  /** Everything it runs with. */
  readonly config: MemberConfig;
  /**
   * Stops gracefully: leadership is handed over, calls under way get their answers, files are closed. Resolves when all that was
   * acknowledged is on disk; the folder stays. May be called again, and resolves with the first.
   */
  stop(): Promise<void>;
}

/**
 * Starts a member and resolves once it serves clients: a member alone within a fraction of a second, one of several once a
 * majority of them is there.
 * @throws ConfigError for options that can't be; ListenError when a port is taken; what the storage says about the folder (in
 * use by another process, damaged). Nothing is left open then.
 */
export async function startMember(options: MemberOptions): Promise<EmbeddedMember> {
  const client = options.listenClientUrls ?? ANY_LOOPBACK_PORT;
  const peer = options.listenPeerUrls ?? ANY_LOOPBACK_PORT;
  const isChosen = hasPortZero([...client, ...peer]);
  for (let attempt = 1; ; attempt += 1) {
    const [clientUrls = [], peerUrls = []] = await choosePorts([client, peer]);
    try {
      return await start(options, { client: clientUrls, peer: peerUrls });
    } catch (error) {
      if (!isChosen || !isPortTaken(error) || attempt === PORT_ATTEMPTS_MAX) throw error;
    }
  }
}

async function start(options: MemberOptions, urls: MemberUrls): Promise<EmbeddedMember> {
  const config = configOf(options, urls);
  const { engine = { kind: "inline" }, logger = silentLogger } = options;
  for (const warning of config.warnings) logger.warn(warning);
  const running = await startServer({
    config,
    logger,
    versions: { etcd: ETCD_VERSION, quorate: QUORATE_VERSION },
    ...(engine.kind === "thread" ? { engineThreadFile: engine.file } : {}),
    tracerProvider: options.tracerProvider,
    onFatal: options.onFatal ?? throwUncaught,
    onRemoved: options.onRemoved ?? ((): void => undefined),
  });
  return embedded(config, urls, running);
}

function embedded(config: MemberConfig, urls: MemberUrls, running: RunningServer): EmbeddedMember {
  return {
    name: config.name,
    dataDir: config.dataDir,
    clientUrls: urls.client,
    peerUrls: urls.peer,
    config,
    stop: () => running.stop(),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** A member that has stopped acknowledging must not look like one that runs. */
function throwUncaught(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}
