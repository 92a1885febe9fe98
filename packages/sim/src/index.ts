/** Histories and the checkers that judge them; virtual clocks, networks and disks. */
export {};
