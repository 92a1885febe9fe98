/** A gRPC server whose answers a test decides, behind the methods of etcd: for what a real member does not do when it is asked to. */
import {
  createGrpcServer,
  listenClientPort,
  type BidiCall,
  type GrpcServer,
  type ServerStreamCall,
  type UnaryCall,
} from "@quorate/rpc";

export interface ScriptedServer {
  readonly endpoint: string;
  readonly grpc: GrpcServer;
  /** Stops listening, which lets a successor have the port; connections go on. */
  unlisten(): Promise<void>;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

export interface Script {
  /** `KV.Range`; default: an empty answer. */
  readonly range?: (call: UnaryCall) => void;
  /** `KV.RangeStream`; default: nothing ever. */
  readonly rangeStream?: (call: ServerStreamCall) => void;
  /** `Watch.Watch`; default: nothing ever. */
  readonly watch?: (call: BidiCall) => void;
}

export async function startScriptedServer(script: Script = {}, port = 0): Promise<ScriptedServer> {
  const silence = (): void => undefined;
  const grpc = createGrpcServer();
  const { range = (call) => call.reply(new Uint8Array(0)), rangeStream = silence, watch = silence } = script;
  grpc.addService("etcdserverpb.KV", {
    Range: { kind: "unary", handler: (call) => range(call) },
    RangeStream: { kind: "server-stream", handler: (call) => rangeStream(call) },
  });
  grpc.addService("etcdserverpb.Watch", { Watch: { kind: "bidi", handler: (call) => watch(call) } });
  const listening = await listenClientPort(grpc, { host: "127.0.0.1", port });
  return {
    endpoint: `127.0.0.1:${listening.port}`,
    grpc,
    unlisten: () => listening.close(),
    stop: async () => {
      grpc.close();
      await listening.close();
    },
  };
}

/** Polls until `condition` holds; the test's own time limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
