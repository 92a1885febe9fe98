/**
 * A disk in memory that can crash. It keeps two name spaces: the one processes see, and the one that a crash leaves behind,
 * which changes only at `syncDirectory`. Contents follow the port: a write is on the platter once it is acknowledged.
 */
import type { File, FileSystem, OpenMode, WriteDone } from "./file-system.js";

interface FolderNode {
  readonly kind: "folder";
  seen: Map<string, Node>;
  durable: Map<string, Node>;
}

interface FileNode {
  readonly kind: "file";
  bytes: Uint8Array;
  size: number;
}

type Node = FolderNode | FileNode;

export class MemoryFiles implements FileSystem {
  #root: FolderNode = createFolder();
  readonly #defer: (task: () => void) => void;

  /** @param defer how writes come to be done later than their call. */
  constructor(defer: (task: () => void) => void = setImmediate) {
    this.#defer = defer;
  }

  /**
   * What a machine finds after losing power now. `names` says what became of creations, renames and removals that no
   * `syncDirectory` had confirmed; a real file system may do either.
   */
  crashed(names: "lost" | "kept"): MemoryFiles {
    const after = new MemoryFiles(this.#defer);
    after.#root = cloneFolder(this.#root, names);
    return after;
  }

  async makeDirectory(path: string): Promise<void> {
    let folder = this.#root;
    for (const name of split(path)) {
      let next = folder.seen.get(name);
      if (next === undefined) folder.seen.set(name, (next = createFolder()));
      if (next.kind !== "folder") throw systemError("ENOTDIR", path);
      folder = next;
    }
  }

  async list(path: string): Promise<string[]> {
    return [...this.#folder(path).seen.keys()];
  }

  async exists(path: string): Promise<boolean> {
    return this.#find(path) !== undefined;
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    const found = this.#find(path);
    if (found?.kind === "folder") throw systemError("EISDIR", path);
    if (mode !== "create") {
      if (found === undefined) throw systemError("ENOENT", path);
      return new MemoryFile(found, this.#defer);
    }
    const node: FileNode = found ?? { kind: "file", bytes: new Uint8Array(0), size: 0 };
    node.size = 0;
    this.#parent(path).seen.set(baseName(path), node);
    return new MemoryFile(node, this.#defer);
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#find(from);
    if (node === undefined) throw systemError("ENOENT", from);
    const target = this.#find(to);
    if (target?.kind === "folder" && target.seen.size > 0) throw systemError("ENOTEMPTY", to);
    this.#parent(to).seen.set(baseName(to), node);
    this.#parent(from).seen.delete(baseName(from));
  }

  async remove(path: string): Promise<void> {
    if (this.#find(path) !== undefined) this.#parent(path).seen.delete(baseName(path));
  }

  async syncDirectory(path: string): Promise<void> {
    const folder = this.#folder(path);
    folder.durable = new Map(folder.seen);
  }

  /** The bytes of a file, to be read or damaged by a test. */
  contents(path: string): Uint8Array {
    const node = this.#find(path);
    if (node?.kind !== "file") throw systemError("ENOENT", path);
    return node.bytes.subarray(0, node.size);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of split(path)) {
      if (node?.kind !== "folder") return undefined;
      node = node.seen.get(name);
    }
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (node === undefined) throw systemError("ENOENT", path);
    if (node.kind !== "folder") throw systemError("ENOTDIR", path);
    return node;
  }

  #parent(path: string): FolderNode {
    return this.#folder(path.slice(0, path.lastIndexOf("/")));
  }
}

class MemoryFile implements File {
  readonly #node: FileNode;
  readonly #defer: (task: () => void) => void;

  constructor(node: FileNode, defer: (task: () => void) => void) {
    this.#node = node;
    this.#defer = defer;
  }

  write(bytes: Uint8Array, start: number, end: number, position: number, done: WriteDone): void {
    this.#defer(() => {
      grow(this.#node, position + end - start);
      this.#node.bytes.set(bytes.subarray(start, end), position);
      done(null);
    });
  }

  async read(bytes: Uint8Array, position: number): Promise<number> {
    const available = this.#node.bytes.subarray(position, Math.min(this.#node.size, position + bytes.length));
    bytes.set(available);
    return available.length;
  }

  async size(): Promise<number> {
    return this.#node.size;
  }

  async truncate(size: number): Promise<void> {
    if (size > this.#node.size) grow(this.#node, size);
    this.#node.bytes.fill(0, size);
    this.#node.size = size;
  }

  async close(): Promise<void> {}
}

function grow(node: FileNode, size: number): void {
  if (size > node.bytes.length) {
    const larger = new Uint8Array(Math.max(size, node.bytes.length * 2));
    larger.set(node.bytes.subarray(0, node.size));
    node.bytes = larger;
  }
  if (size > node.size) node.size = size;
}

function createFolder(): FolderNode {
  return { kind: "folder", seen: new Map(), durable: new Map() };
}

function cloneFolder(folder: FolderNode, names: "lost" | "kept"): FolderNode {
  const clone = createFolder();
  for (const [name, node] of names === "lost" ? folder.durable : folder.seen) {
    const copy: Node =
      node.kind === "folder"
        ? cloneFolder(node, names)
        : { kind: "file", bytes: node.bytes.slice(0, node.size), size: node.size };
    clone.seen.set(name, copy);
  }
  clone.durable = new Map(clone.seen);
  return clone;
}

function split(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** An error with the shape Node's own have. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
