/** What a person does with keys at the command line. */
import { etcdserverpb } from "@quorate/proto";
import type { Step } from "./etcdctl.js";

const FRUIT = ["apple", "apricot", "banana", "blueberry", "cherry"];

export const KV_SCRIPT: readonly Step[] = [
  ...FRUIT.map((name, place) => ({ args: ["put", `fruit/${name}`, `${place}`] })),
  { args: ["put", "fruit/apple", "red"] },
  { args: ["put", "fruit/apple", "green", "--prev-kv"] },
  { args: ["put", "from-stdin"], stdin: "line one\nline two" },
  { args: ["put", "empty", ""] },
  { args: ["put", "fruit/banana", "--ignore-value"] },
  { args: ["put", "fruit/nothing", "--ignore-value"] },
  { args: ["put", "", "value"] },
  { args: ["put", "fruit/banana", "x", "--ignore-value"] },
  { args: ["put", "fruit/banana", "x", "--lease=1234"] },

  { args: ["get", "fruit/apple"] },
  { args: ["get", "no such key"] },
  { args: ["get", ""] },
  { args: ["get", "fruit/", "--prefix"] },
  { args: ["get", "", "--prefix"] },
  { args: ["get", "fruit/b", "--from-key"] },
  { args: ["get", "", "--from-key"] },
  { args: ["get", "fruit/apple", "fruit/banana"] },
  { args: ["get", "fruit/banana", "fruit/apple"] },
  { args: ["get", "fruit/", "--prefix", "--limit=2"] },
  { args: ["get", "fruit/", "--prefix", "--order=DESCEND"] },
  { args: ["get", "fruit/", "--prefix", "--sort-by=VALUE", "--order=ASCEND"] },
  { args: ["get", "fruit/", "--prefix", "--sort-by=VERSION", "--order=DESCEND", "--limit=2"] },
  { args: ["get", "fruit/", "--prefix", "--sort-by=CREATE", "--order=DESCEND"] },
  { args: ["get", "fruit/", "--prefix", "--sort-by=MODIFY"] },
  { args: ["get", "fruit/", "--prefix", "--sort-by=TASTE"] },
  { args: ["get", "fruit/", "--prefix", "--keys-only"] },
  { args: ["get", "fruit/", "--prefix", "--print-value-only"] },
  { args: ["get", "fruit/", "--prefix", "--count-only", "-w=fields"] },
  { args: ["get", "fruit/", "--prefix", "--count-only", "-w=json"] },
  { args: ["get", "fruit/apple", "--rev=2"] },
  { args: ["get", "fruit/apple", "--rev=7"] },
  { args: ["get", "fruit/apple", "--rev=1000"] },
  { args: ["get", "fruit/apple", "--consistency=s"] },
  { args: ["get", "fruit/", "--prefix", "--hex"] },
  ...["json", "fields"].flatMap((format) => [
    { args: ["get", "fruit/", "--prefix", `-w=${format}`] },
    { args: ["get", "fruit/", "--prefix", "--keys-only", "--limit=3", `-w=${format}`] },
    { args: ["put", "formatted", format, "--prev-kv", `-w=${format}`] },
    { args: ["del", "formatted", "--prev-kv", `-w=${format}`] },
    { args: ["del", "formatted", `-w=${format}`] },
  ]),
  { args: ["get", "fruit/", "--prefix", "-w=protobuf"], protobuf: etcdserverpb.RangeResponseSchema },
  { args: ["put", "formatted", "1", "-w=protobuf"], protobuf: etcdserverpb.PutResponseSchema },
  {
    args: ["del", "formatted", "--prev-kv", "-w=protobuf"],
    protobuf: etcdserverpb.DeleteRangeResponseSchema,
  },
  { args: ["get", "fruit/", "--prefix", "-w=table"] },

  { args: ["del", "no such key"] },
  { args: ["del", ""] },
  { args: ["del", "fruit/cherry", "--prev-kv"] },
  { args: ["del", "fruit/a", "fruit/b", "--prev-kv"] },
  { args: ["del", "fruit/", "--prefix"] },
  { args: ["del", "g", "--from-key", "--prev-kv"] },
];

export const TXN_SCRIPT: readonly Step[] = [
  { args: ["put", "key1", "10"] },
  {
    args: ["txn"],
    stdin: 'mod("key1") > "0"\n\nput key1 overwrote-key1\nget key1\n\nput key1 created-key1\n\n',
  },
  { args: ["txn"], stdin: 'ver("key1") = "7"\n\nput key1 x\n\nget key1\ndel key1 --prev-kv\n\n' },
  { args: ["txn"], stdin: 'create("key1") = "0"\n\nput key1 again\nput key2 "some more"\n\n\n' },
  { args: ["txn"], stdin: 'val("key1") = "again"\n\nget key --prefix\n\n\n' },
  { args: ["txn", "-w=json"], stdin: 'val("key1") < "b"\n\nget key1\nput key1 1\ndel key2 --prev-kv\n\n\n' },
  { args: ["txn", "-w=fields"], stdin: "\nget key1\nput key3 3 --prev-kv\n\n\n" },
  { args: ["txn", "-w=protobuf"], stdin: "\nget key1\n\n\n", protobuf: etcdserverpb.TxnResponseSchema },
  { args: ["txn"], stdin: "\nput key1 1\nput key1 2\n\n\n" },
  { args: ["txn"], stdin: "\nput key1 1\ndel key --prefix\n\n\n" },
  { args: ["txn"], stdin: "\nput key1 1\nget key1 --rev=100000\n\n\n" },
  { args: ["txn"], stdin: "not a compare\n\n\n\n" },
  { args: ["get", "", "--prefix"] },
];

export const COMPACTION_SCRIPT: readonly Step[] = [
  { args: ["compaction", "0"] },
  { args: ["compaction", "0"] },
  ...["1", "2", "3"].map((value) => ({ args: ["put", "counter", value] })),
  { args: ["compaction", "3"] },
  { args: ["get", "counter", "--rev=2"] },
  { args: ["get", "counter", "--rev=3"] },
  { args: ["compaction", "3"] },
  { args: ["compaction", "1000"] },
  { args: ["compaction", "4", "--physical"] },
  { args: ["compaction", "not-a-number"] },
  { args: ["get", "counter", "-w=json"] },
];
