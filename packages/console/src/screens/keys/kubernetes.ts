/**
 * Objects as kube-apiserver stores them: the magic `k8s\0`, then an envelope that names version and kind and carries the object's own
 * message. What the definitions in kubernetes-shapes.ts name is shown by name, everything else by its field's number.
 */
import { toBase64 } from "../../text/bytes.js";
import { decodeUtf8 } from "../../text/escape.js";
import { kindShapes } from "./kubernetes-shapes.js";
import type { Field, Shape } from "./kubernetes-shapes.js";
import { guessMessage, plainNumber, readFields } from "./protobuf-fields.js";
import type { FieldValue, RawField } from "./protobuf-fields.js";

export interface KubernetesObject {
  readonly object: Record<string, unknown>;
  /** What could not be shown as it is, in words. */
  readonly note?: string;
}

const magicBytes = 4;

/** @param value begins with the magic. Whatever follows, something is shown of it. */
export function decodeKubernetes(value: Uint8Array): KubernetesObject {
  const envelope = readFields(value.subarray(magicBytes));
  const raw = bytesOf(envelope, 2);
  const type = readFields(bytesOf(envelope, 1) ?? new Uint8Array());
  if (envelope === undefined || raw === undefined || type === undefined) {
    return {
      object: { bytes: toBase64(value) },
      note: "This is not an object of Kubernetes, only its magic.",
    };
  }
  const apiVersion = textOf(type, 1);
  const kind = textOf(type, 2);
  const encoding = textOf(envelope, 3);
  const head = { apiVersion, kind };
  const fields = encoding === "" ? readFields(raw) : undefined;
  if (fields === undefined) {
    const note =
      encoding === "" ? "The object could not be decoded." : `The object is encoded as ${encoding}.`;
    return { object: { ...head, raw: toBase64(raw) }, note };
  }
  const shape = kindShapes[`${apiVersion} ${kind}`];
  if (shape === undefined) {
    const { [metadataField]: metadata, ...rest } = readShape(fields, {
      1: [metadataField, kindShapes["meta"] ?? {}],
    });
    return {
      object: { ...head, ...(metadata === undefined ? {} : { metadata }), ...rest },
      note: "Fields of this kind have no names here; they stand under their numbers.",
    };
  }
  return { object: { ...head, ...readShape(fields, shape) } };
}

const metadataField = "metadata";

function readShape(fields: readonly RawField[], shape: Shape): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const unknown: RawField[] = [];
  for (const field of fields) {
    const known = shape[field.number];
    if (known === undefined) unknown.push(field);
    else setField(out, known, field.value);
  }
  return { ...out, ...guessMessage(unknown) };
}

function setField(out: Record<string, unknown>, [name, kind, repeat]: Field, value: FieldValue): void {
  if (kind === "map" || kind === "map-bytes") {
    const entry = readFields(value instanceof Uint8Array ? value : new Uint8Array()) ?? [];
    const map = (out[name] ??= {}) as Record<string, unknown>;
    map[textOf(entry, 1)] =
      kind === "map" ? textOf(entry, 2) : toBase64(bytesOf(entry, 2) ?? new Uint8Array());
    return;
  }
  const read = readKind(kind, value);
  if (repeat !== "list") {
    // Go's encoding writes empty fields too; an object reads better without them.
    if (read !== "" && read !== undefined) out[name] = read;
    return;
  }
  const list = (out[name] ??= []) as unknown[];
  list.push(read);
}

function readKind(kind: Exclude<Field[1], "map" | "map-bytes">, value: FieldValue): unknown {
  if (typeof value === "bigint") return kind === "bool" ? value !== 0n : plainNumber(value);
  if (kind === "bytes") return toBase64(value);
  if (kind === "time") return timeOf(value);
  if (kind === "int-or-string") return intOrString(value);
  if (kind === "quantity") return textOf(readFields(value) ?? [], 1);
  if (typeof kind === "object") {
    const fields = readFields(value);
    if (fields === undefined) return `base64:${toBase64(value)}`;
    const read = readShape(fields, kind);
    return Object.keys(read).length === 0 ? undefined : read;
  }
  return decodeUtf8(value) ?? `base64:${toBase64(value)}`;
}

/** Seconds and nanoseconds since 1970; a message without either is "not set". */
function timeOf(bytes: Uint8Array): string | undefined {
  const fields = readFields(bytes) ?? [];
  const seconds = fields.find(({ number }) => number === 1)?.value;
  if (typeof seconds !== "bigint") return undefined;
  const nanos = fields.find(({ number }) => number === 2)?.value;
  const ms =
    Number(BigInt.asIntN(64, seconds)) * 1000 + (typeof nanos === "bigint" ? Number(nanos) / 1e6 : 0);
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

function intOrString(bytes: Uint8Array): number | bigint | string {
  const fields = readFields(bytes) ?? [];
  const isText = fields.some(({ number, value }) => number === 1 && value === 1n);
  if (isText) return textOf(fields, 3);
  const whole = fields.find(({ number }) => number === 2)?.value;
  return typeof whole === "bigint" ? plainNumber(whole) : 0;
}

function bytesOf(fields: readonly RawField[] | undefined, wanted: number): Uint8Array | undefined {
  const value = fields?.findLast(({ number }) => number === wanted)?.value;
  return value instanceof Uint8Array ? value : undefined;
}

function textOf(fields: readonly RawField[], wanted: number): string {
  return decodeUtf8(bytesOf(fields, wanted) ?? new Uint8Array()) ?? "";
}
