/** An authority of a test's own and certificates of it, as files; made with OpenSSL. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Names and addresses; none leaves the extension out. */
  readonly hosts?: readonly string[];
  readonly days?: number;
}

export class AuthorityFiles {
  /** The authority's own certificate. */
  readonly ca: string;
  readonly key: string;
  readonly #folder: string;

  /** @throws Error when there is no openssl. @param folder is made */
  constructor(folder: string, name = "test-authority") {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.ca = join(folder, "ca.crt");
    this.key = join(folder, "ca.key");
    openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-subj", `/CN=${name}`, "-days", "2", "-keyout", this.key, "-out", this.ca],
      ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    );
  }

  /** @param fileName of both files, without their ends. Usable by servers and clients. */
  issue(fileName: string, commonName: string, { hosts = [], days = 1 }: IssueOptions = {}): CertificateFiles {
    const path = join(this.#folder, fileName);
    const files = { cert: `${path}.crt`, key: `${path}.key` };
    const names = hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`));
    const lines = ["extendedKeyUsage=serverAuth,clientAuth", "basicConstraints=CA:FALSE"];
    if (names.length > 0) lines.push(`subjectAltName=${names.join(",")}`);
    writeFileSync(`${path}.ext`, `${lines.join("\n")}\n`);
    openssl(
      ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-subj", `/CN=${commonName}`, "-keyout", files.key, "-out", `${path}.csr`],
    );
    openssl(
      ...["x509", "-req", "-in", `${path}.csr`, "-CA", this.ca, "-CAkey", this.key, "-CAcreateserial"],
      ...["-days", String(days), "-extfile", `${path}.ext`, "-out", files.cert],
    );
    return files;
  }
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
