/** What applied entries did to keys, as plain numbers for metrics; they say nothing about the state and are not replicated. */
export interface OperationCounts {
  puts: number;
  /** Bytes of keys and values of these puts. */
  putBytes: number;
  /** Delete requests, whatever number of keys they removed. */
  deletes: number;
  /** Range requests within transactions. */
  ranges: number;
  /** Transactions of more than one operation. */
  txns: number;
}

export function createOperationCounts(): OperationCounts {
  return { puts: 0, putBytes: 0, deletes: 0, ranges: 0, txns: 0 };
}
