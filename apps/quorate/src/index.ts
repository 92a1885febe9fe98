/** The server binary. */
export {};
