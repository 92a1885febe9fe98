/** Real processes on loopback, driven by other people's clients. */
export {};
