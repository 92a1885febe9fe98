/** What is to be done about certificates before anything is opened: those of our own making are made. */
import { join } from "node:path";
import type { ReportPort } from "../../member/ports.js";
import type { MemberConfig } from "../config/config.js";
import type { MemberUrl } from "../config/urls.js";
import { ensureSelfSigned } from "./self-signed.js";
import type { TlsSettings } from "./tls-settings.js";

/** @returns the configuration with the files of generated certificates in it. */
export async function prepareCertificates(config: MemberConfig, report: ReportPort): Promise<MemberConfig> {
  const generate = async (
    settings: TlsSettings,
    kind: "client" | "peer",
    urls: readonly MemberUrl[],
  ): Promise<TlsSettings> => {
    if (!settings.auto) return settings;
    const directory = join(config.dataDir, "fixtures", kind);
    const hosts = urls.map(({ host }) => host).filter((host) => host !== "");
    const files = await ensureSelfSigned({ directory, hosts, validityYears: config.selfSignedValidityYears });
    report.info("using a self-signed certificate", { "cert-file": files.certFile, hosts });
    return { ...settings, ...files };
  };
  const { listenClientUrls, listenPeerUrls } = config;
  return {
    ...config,
    clientTls: await generate(config.clientTls, "client", listenClientUrls),
    peerTls: await generate(config.peerTls, "peer", listenPeerUrls),
  };
}
