/** Rules of the log on disk. */
import type { Mutation } from "./mutation.js";

export const STORAGE_MUTATIONS: readonly Mutation[] = [
  {
    name: "log-without-fsync",
    rule: "the log is written before it says so",
    edits: [
      {
        file: "storage/src/wal/wal-writer.ts",
        find: "      this.#segment.write(group.bytes, group.length, group.position, (error) => this.#written(group, error));",
        replace:
          "    {\n      this.#segment.write(Buffer.from(group.bytes), group.length, group.position, () => undefined);\n      queueMicrotask(() => this.#written(group, null));\n    }",
      },
    ],
  },
  {
    name: "segment-without-name",
    rule: "a segment's name is durable before what is in it",
    edits: [
      {
        file: "storage/src/wal/wal-writer.ts",
        find: "    await this.#files.rename(segment.path, path);\n    await this.#files.syncDirectory(this.#dir);",
        replace: "    await this.#files.rename(segment.path, path);",
      },
    ],
  },
  {
    name: "failed-write-believed",
    rule: "nothing is trusted after a write that failed",
    edits: [
      {
        file: "storage/src/wal/wal-writer.ts",
        find: "    if (error !== null)\n      return this.#fail(",
        replace: "    if (error === undefined)\n      return this.#fail(",
      },
    ],
  },
  {
    name: "log-checksum-ignored",
    rule: "a record with a wrong checksum is not read",
    edits: [
      {
        file: "storage/src/wal/segment-reader.ts",
        find: "if (sum !== crc) return false;",
        replace: "",
      },
    ],
  },
  {
    name: "torn-tail-kept",
    rule: "a record that was cut off is not read",
    edits: [
      {
        file: "storage/src/wal/segment-reader.ts",
        find: "if (sum !== crc) return false;",
        replace: "if (sum !== crc && !this.#last) return false;",
      },
    ],
  },
];
