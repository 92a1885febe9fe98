/** Member driver, API services, Node adapters. */
export {};
