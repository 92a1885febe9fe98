/** The replicated state machine. */
export {};
