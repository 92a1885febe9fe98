/** A real single member in this process, for tests of whoever uses the SDK. */
export {};
