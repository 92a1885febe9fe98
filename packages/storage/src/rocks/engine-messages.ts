/** What the thread of the member and the thread of the database say to each other. Buffers are handed over, not copied. */
import type { StorageErrorCode } from "../errors.js";

/** Each request is answered once, with the same id. Requests of one kind are carried out in order. */
export type EngineRequest =
  | { readonly id: number; readonly kind: "open"; readonly dir: string }
  /** Packed rows in [0, end). */
  | { readonly id: number; readonly kind: "write"; readonly rows: ArrayBuffer; readonly end: number }
  /** Packed rows without values: the keys. */
  | { readonly id: number; readonly kind: "get"; readonly rows: ArrayBuffer; readonly end: number }
  | {
      readonly id: number;
      readonly kind: "scan";
      readonly scan: number;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly chunkCountMax: number;
    }
  | { readonly id: number; readonly kind: "next"; readonly scan: number }
  | { readonly id: number; readonly kind: "end-scan"; readonly scan: number }
  | { readonly id: number; readonly kind: "flush" | "compact" | "close" };

export type EngineAnswer =
  | {
      readonly id: number;
      readonly kind: "done";
      /** Size on disk, measured in passing. */
      readonly sizeBytes: number;
      /** Of all rows in it, dead ones included. */
      readonly rowBytes: number;
      /** Rows that were asked for; for a write, its own buffer, to be used again. */
      readonly rows: ArrayBuffer | undefined;
      readonly end: number;
    }
  | {
      readonly id: number;
      readonly kind: "failed";
      readonly code: StorageErrorCode;
      readonly message: string;
    };
