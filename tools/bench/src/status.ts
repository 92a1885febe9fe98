/** What a member says of itself: Maintenance.Status, the few fields that matter here. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { callUnary } from "./grpc-call.js";
import { paths } from "./messages.js";

export interface MemberStatus {
  readonly memberId: bigint;
  /** 0 while there is none. */
  readonly leaderId: bigint;
  readonly term: number;
  readonly appliedIndex: number;
}

/** @throws Error when the member does not answer within `timeoutMs`. */
export async function readStatus(port: number, timeoutMs = 2_000): Promise<MemberStatus> {
  return parseStatus(await callUnary(port, paths.status, new Uint8Array(), timeoutMs));
}

export function parseStatus(message: Uint8Array): MemberStatus {
  const fields = readNumbers(message);
  const header = readNumbers(fields.header);
  const [leader, term, applied] = [fields.numbers.get(4), fields.numbers.get(6), fields.numbers.get(7)];
  return {
    memberId: header.numbers.get(2) ?? 0n,
    leaderId: leader ?? 0n,
    term: Number(term ?? 0n),
    appliedIndex: Number(applied ?? 0n),
  };
}

interface Numbers {
  readonly numbers: ReadonlyMap<number, bigint>;
  /** Field 1 where it is a message. */
  readonly header: Uint8Array;
}

function readNumbers(message: Uint8Array): Numbers {
  const reader = new BinaryReader(message);
  const numbers = new Map<number, bigint>();
  let header: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.Varint) numbers.set(field, BigInt(reader.uint64()));
    else if (field === 1 && type === WireType.LengthDelimited) header = reader.bytes();
    else reader.skip(type);
  }
  return { numbers, header };
}
