/** What is to be done about certificates before anything is opened: those of our own making are made, the others looked at. */
import { join } from "node:path";
import type { ReportPort } from "../../member/ports.js";
import type { MemberConfig } from "../config/config.js";
import type { MemberUrl } from "../config/urls.js";
import { isSecure } from "../http/listen.js";
import { checkTlsFiles } from "./check-tls-files.js";
import { ensureSelfSigned } from "./self-signed.js";
import type { TlsSettings } from "./tls-settings.js";

/** @returns the configuration with the files of generated certificates in it. @throws ListenError about a file */
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
  const { listenClientUrls, listenClientHttpUrls, listenMetricsUrls, listenPeerUrls } = config;
  const clientUrls = [...listenClientUrls, ...listenClientHttpUrls, ...listenMetricsUrls];
  // Files of a side that speaks no TLS are not opened; this member may have to dial others with its peers' in any case.
  if (clientUrls.some(isSecure) && !config.clientTls.auto) await checkTlsFiles(config.clientTls);
  if (!config.peerTls.auto) await checkTlsFiles(config.peerTls);
  return {
    ...config,
    clientTls: await generate(config.clientTls, "client", listenClientUrls),
    peerTls: await generate(config.peerTls, "peer", listenPeerUrls),
  };
}
