/** A list of revoked certificates of a test's authority, as OpenSSL writes one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthorityFiles } from "./certificate-files.js";

export class RevocationList {
  /** DER, the only form that etcd reads. */
  readonly file: string;
  readonly #folder: string;
  readonly #authority: AuthorityFiles;

  /** Nothing is revoked yet. @param folder is made */
  constructor(folder: string, authority: AuthorityFiles) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#authority = authority;
    this.file = join(folder, "revoked.crl");
    writeFileSync(join(folder, "index.txt"), "");
    writeFileSync(join(folder, "number"), "01\n");
    writeFileSync(
      join(folder, "ca.cnf"),
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${folder}/index.txt\ncrlnumber=${folder}/number\ndefault_md=sha256\ndefault_crl_days=1\n`,
    );
    this.#write();
  }

  revoke(certificate: string): void {
    this.#ca("-revoke", certificate);
    this.#write();
  }

  #write(): void {
    const pem = join(this.#folder, "revoked.pem");
    this.#ca("-gencrl", "-out", pem);
    openssl("crl", "-in", pem, "-outform", "DER", "-out", this.file);
  }

  #ca(...args: string[]): void {
    const { ca, key } = this.#authority;
    openssl("ca", "-config", join(this.#folder, "ca.cnf"), "-cert", ca, "-keyfile", key, ...args);
  }
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
