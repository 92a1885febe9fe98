/** Protocol definitions, generated code, int64 rules, the error catalogue. */
export {};
