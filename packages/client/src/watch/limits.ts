/** Watches of one stream; the next one opens another stream. */
export const WATCHES_PER_STREAM_MAX = 1000;
/**
 * Events that wait for the consumer of one watch, and their bytes. Beyond either the watch is given up at the server and begun anew behind
 * what is here, once half of it has been taken. One revision may go beyond, since it is not split.
 */
export const WAITING_EVENTS_MAX = 4096;
/** The bytes of what waits; see `WAITING_EVENTS_MAX`. */
export const WAITING_BYTES_MAX: number = 8 * 1024 * 1024;
/** A stream of which nothing is heard for so long is asked for its progress, and is given up when it says nothing for as long again. */
export const SILENCE_MS = 15_000;
