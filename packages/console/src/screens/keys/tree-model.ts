/**
 * The tree of keys as far as it was read: folders with their loaded children, which of them are open, and the rows that follow.
 *
 * Pages and events arrive in any order. A page tells everything about its stretch of names up to its revision, so an event is only
 * applied where it is newer than the page that covers its name; a name beyond the last page is left to the pages to come. Events that
 * arrive while a page is being read are kept, because the page may be of a revision before them.
 *
 * Names are strings of one character per byte (text/bytes.ts), ordered like the keys.
 * Not here: asking the server (tree-session.ts) and drawing (key-tree.tsx).
 */
import { latin1 } from "../../text/bytes.js";
import { KeptEvents } from "./kept-events.js";

/** A folder stops loading here; narrowing the prefix goes on from there. */
export const childrenMax = 300_000;

export interface TreeChild {
  readonly id: string;
  readonly name: Uint8Array;
  readonly isFolder: boolean;
  /** Of a key; zero for a folder. */
  readonly modRevision: bigint;
  readonly lease: bigint;
  /** -1 when it is not known. */
  readonly valueBytes: number;
}

export interface TreePage {
  readonly children: readonly TreeChild[];
  /** Where the next page begins; empty when this was the last. */
  readonly next: Uint8Array;
  readonly revision: bigint;
}

export interface TreeEvent {
  readonly key: Uint8Array;
  readonly revision: bigint;
  /** Absent for a delete. */
  readonly put?: { readonly lease: bigint; readonly valueBytes: number };
}

export interface TreeFolder {
  readonly id: string;
  readonly depth: number;
  children: TreeChild[];
  /** Up to which name each page reaches, and its revision. */
  readonly pages: { readonly last: string; readonly revision: bigint }[];
  next: Uint8Array;
  status: "unread" | "loading" | "ready" | "failed";
  error: unknown;
}

export type TreeRow =
  | {
      readonly kind: "child";
      readonly id: string;
      readonly depth: number;
      readonly parent: TreeFolder;
      readonly child: TreeChild;
    }
  | {
      readonly kind: "more" | "full" | "failed" | "empty";
      readonly id: string;
      readonly depth: number;
      readonly parent: TreeFolder;
    };

export class TreeModel {
  readonly root: TreeFolder;
  readonly #delimiter: string;
  readonly #folders = new Map<string, TreeFolder>();
  readonly #open = new Set<string>();
  readonly #suspects = new Set<string>();
  /** Suspects that somebody looks at now, with the newest put below them since. */
  readonly #examined = new Map<string, bigint>();
  readonly #kept = new KeptEvents();
  #rows: readonly TreeRow[] | undefined;
  #places: Map<string, number> | undefined;

  /** @param prefix where the tree begins. @param delimiter what ends a folder's name; empty for no folders. */
  constructor(prefix: Uint8Array, delimiter = "/") {
    this.#delimiter = delimiter;
    this.root = newFolder(latin1(prefix), 0);
    this.#folders.set(this.root.id, this.root);
    this.#open.add(this.root.id);
  }

  folder(id: string): TreeFolder | undefined {
    return this.#folders.get(id);
  }

  isOpen(id: string): boolean {
    return this.#open.has(id);
  }

  /** @returns the folder, to be read when it is unread. */
  open(id: string): TreeFolder {
    const folder = this.#folders.get(id) ?? newFolder(id, this.#depthOf(id));
    this.#folders.set(id, folder);
    this.#open.add(id);
    this.#changed();
    return folder;
  }

  close(id: string): void {
    this.#open.delete(id);
    this.#changed();
  }

  startLoading(folder: TreeFolder): void {
    this.#kept.begin(folder);
    folder.status = "loading";
    folder.error = undefined;
    this.#changed();
  }

  fail(folder: TreeFolder, error: unknown): void {
    this.#kept.end(folder);
    folder.status = "failed";
    folder.error = error;
    this.#changed();
  }

  /** @returns false for a page from before what is known to have happened since: it has to be read again. */
  addPage(folder: TreeFolder, page: TreePage): boolean {
    const missed = this.#kept.since(page.revision);
    this.#kept.end(folder);
    folder.status = missed === undefined ? "unread" : "ready";
    if (missed === undefined) return false;
    folder.next = page.next;
    const before = folder.pages.at(-1)?.last ?? folder.id;
    const last = page.next.length === 0 ? endOfNames : (page.children.at(-1)?.id ?? folder.id);
    folder.pages.push({ last, revision: page.revision });
    for (const child of page.children) {
      const final = folder.children.at(-1);
      if (final === undefined || final.id < child.id) folder.children.push(child);
      else upsert(folder, child);
    }
    for (const event of missed)
      if (isBehind(latin1(event.key), folder, before)) this.#applyEvent(event, new Set());
    this.#changed();
    return true;
  }

  /** Forgets what the pages said, to read them anew; open folders stay open. */
  reset(): void {
    for (const folder of this.#folders.values()) {
      folder.children = [];
      folder.pages.length = 0;
      folder.next = noName;
      folder.status = "unread";
    }
    this.#kept.clear();
    this.#suspects.clear();
    this.#examined.clear();
    this.#changed();
  }

  /** Whether any page was read before a revision. */
  isOlderThan(revision: bigint): boolean {
    return [...this.#folders.values()].some(({ pages }) => pages.some((page) => page.revision < revision));
  }

  /** @returns ids of the rows that an event touched, for a moment's highlight. */
  apply(events: readonly TreeEvent[]): ReadonlySet<string> {
    const touched = new Set<string>();
    this.#kept.keep(events);
    for (const event of events) this.#applyEvent(event, touched);
    if (events.length > 0) this.#changed();
    return touched;
  }

  /** Folders that a delete may have emptied and that were not read themselves; each that is taken is to be settled. */
  takeSuspects(countMax = Infinity): readonly string[] {
    const suspects = [...this.#suspects].slice(0, countMax);
    for (const id of suspects) {
      this.#suspects.delete(id);
      this.#examined.set(id, 0n);
    }
    return suspects;
  }

  /** Tells what was found about a suspect; absent when the look failed, and it stays one. A newer put below it is believed more. */
  settle(id: string, found: { readonly isEmpty: boolean; readonly revision: bigint } | undefined): void {
    const newestPut = this.#examined.get(id);
    if (newestPut === undefined) return;
    this.#examined.delete(id);
    if (found === undefined) this.#suspects.add(id);
    else if (found.isEmpty && newestPut <= found.revision) this.#removeFolder(id);
  }

  /** A folder that turned out to be empty is no folder any more; its parent may have become empty with it. */
  #removeFolder(id: string): void {
    const parent = this.#parentOf(id);
    this.#folders.delete(id);
    this.#open.delete(id);
    if (parent === undefined) return;
    removeChild(parent, id);
    this.#removeIfEmpty(parent);
    this.#changed();
  }

  get rows(): readonly TreeRow[] {
    this.#rows ??= this.#flatten();
    return this.#rows;
  }

  /** Place of a row by its id, -1 when it is not shown. */
  placeOf(id: string): number {
    this.#places ??= new Map(this.rows.map((row, at) => [row.id, at]));
    return this.#places.get(id) ?? -1;
  }

  #applyEvent({ key, revision, put }: TreeEvent, touched: Set<string>): void {
    const id = latin1(key);
    if (!id.startsWith(this.root.id)) return;
    let folder = this.root;
    for (;;) {
      const cut = this.#delimiter === "" ? -1 : id.indexOf(this.#delimiter, folder.id.length);
      const name = cut < 0 ? id : id.slice(0, cut + this.#delimiter.length);
      const isFolder = cut >= 0;
      const seen = coveringRevision(folder, name);
      if (seen === undefined) return;
      const below = isFolder ? this.#folders.get(name) : undefined;
      const isNews = revision > seen;
      if (isFolder && put !== undefined && this.#examined.has(name)) this.#examined.set(name, revision);
      if (isNews && put !== undefined) {
        const said = isFolder
          ? { modRevision: 0n, lease: 0n, valueBytes: 0 }
          : { modRevision: revision, ...put };
        this.#put(folder, { id: name, name: key.slice(0, name.length), isFolder, ...said });
      }
      if (isNews && put === undefined && !isFolder) {
        removeChild(folder, name);
        this.#removeIfEmpty(folder);
      }
      if (isNews) touched.add(name);
      if (!isFolder) return;
      if (below === undefined || below.pages.length === 0) {
        if (isNews && put === undefined) this.#suspects.add(name);
        return;
      }
      folder = below;
    }
  }

  #put(folder: TreeFolder, child: TreeChild): void {
    const known = folder.children[indexIn(folder, child.id)];
    if (known !== undefined && (child.isFolder || known.modRevision >= child.modRevision)) return;
    upsert(folder, child);
  }

  #removeIfEmpty(folder: TreeFolder): void {
    if (folder === this.root || folder.children.length > 0 || folder.next.length > 0) return;
    this.#removeFolder(folder.id);
  }

  #parentOf(id: string): TreeFolder | undefined {
    if (id.length <= this.root.id.length) return undefined;
    const cut = id.lastIndexOf(this.#delimiter, id.length - this.#delimiter.length - 1);
    const parent = cut < this.root.id.length ? this.root.id : id.slice(0, cut + this.#delimiter.length);
    return this.#folders.get(parent);
  }

  #depthOf(id: string): number {
    return id.slice(this.root.id.length).split(this.#delimiter).length - 1;
  }

  #flatten(): TreeRow[] {
    const rows: TreeRow[] = [];
    const visit = (folder: TreeFolder): void => {
      const { depth } = folder;
      for (const child of folder.children) {
        rows.push({ kind: "child", id: child.id, depth, parent: folder, child });
        if (child.isFolder && this.#open.has(child.id)) {
          const below = this.#folders.get(child.id);
          if (below !== undefined) visit(below);
        }
      }
      const kind = tailOf(folder);
      if (kind !== undefined) rows.push({ kind, id: `${folder.id}${tailMark}`, depth, parent: folder });
    };
    visit(this.root);
    return rows;
  }

  #changed(): void {
    this.#rows = undefined;
    this.#places = undefined;
  }
}

/** Behind every name of one-byte characters. */
const endOfNames = "\uffff";
const tailMark = "\uffff";
const noName = new Uint8Array(0);

function newFolder(id: string, depth: number): TreeFolder {
  return { id, depth, children: [], pages: [], next: noName, status: "unread", error: undefined };
}

/** Whether a key lies in a folder behind a name of it. */
function isBehind(id: string, folder: TreeFolder, name: string): boolean {
  return id.startsWith(folder.id) && id > name;
}

/** The row behind a folder's loaded children. */
function tailOf(folder: TreeFolder): Exclude<TreeRow["kind"], "child"> | undefined {
  if (folder.status === "failed") return "failed";
  if (folder.pages.length === 0) return "more";
  if (folder.next.length > 0) return folder.children.length >= childrenMax ? "full" : "more";
  return folder.children.length === 0 ? "empty" : undefined;
}

/** Revision of the page that a name belongs to. @returns undefined for a name beyond what was read. */
function coveringRevision(folder: TreeFolder, name: string): bigint | undefined {
  return folder.pages.find(({ last }) => name <= last)?.revision;
}

/** First place whose id is not below `id`. */
function lowerBound(children: readonly TreeChild[], id: string): number {
  let low = 0;
  let high = children.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (children[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexIn(folder: TreeFolder, id: string): number {
  const at = lowerBound(folder.children, id);
  return folder.children[at]?.id === id ? at : -1;
}

function upsert(folder: TreeFolder, child: TreeChild): void {
  const at = lowerBound(folder.children, child.id);
  folder.children.splice(at, folder.children[at]?.id === child.id ? 1 : 0, child);
}

function removeChild(folder: TreeFolder, id: string): void {
  const at = indexIn(folder, id);
  if (at >= 0) folder.children.splice(at, 1);
}
