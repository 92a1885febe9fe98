/**
 * Words that do not appear in this repository, and what is said instead. Each row is here because it was written once.
 *
 * This file is the only one that may contain them.
 */
export interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
}

export const bannedWords: readonly BannedWord[] = [
  // The project speaks of itself, not of the machine it was written on.
  {
    pattern: /(?<![\w.~/-])\/(work|tmp|root|home\/\w+)\//,
    instead: "a relative path, or os.tmpdir() at run time",
  },
  {
    pattern: /\bregistry\.[a-z]+\.(org|com|io)\b/i,
    instead: "the package's name and version",
  },
  {
    // Six digits are a colour as often as not, and few trackers have come so far.
    pattern: /\bissues? #?\d+|\/(issues|pull)\/\d+|(?<![\w&])#\d{3,5}\b(?!['"])/i,
    instead: "what the issue taught, in a sentence",
  },

  // Plain words carry further.
  { pattern: /(?<!host-)\bwhite-?list/i, instead: "allow list" },
  { pattern: /\bblack-?list/i, instead: "deny list" },
  { pattern: /\bslaves?\b/i, instead: "follower" },
  { pattern: /\bsanity[ -]check/i, instead: "check" },
  { pattern: /\butiliz(e|es|ed|ing)\b/i, instead: "use" },
  { pattern: /\bleverag(e|es|ed|ing)\b/i, instead: "use" },
  { pattern: /\bin order to\b/i, instead: "to" },
  { pattern: /\bhacky?\b|\bkludge/i, instead: "the reason it has to be like this" },
  { pattern: /\bobviously\b|\bof course\b/i, instead: "the reason, or nothing" },
  { pattern: /\bblazing(ly)?\b|\bworld-class\b|\benterprise-grade\b/i, instead: "a number" },

  // Labels that say nothing about what is inside.
  // Connect calls its handlers ServiceImpl.
  {
    pattern: /\b(?!ServiceImpl\b)\w*(Manager|Helper|Impl)\b(?=\s*(\{|=|extends|implements|<))/,
    instead: "the noun it is",
  },
  {
    pattern: /from "[^"]*\/(utils?|helpers?|common|shared|misc)\.js"/,
    instead: "a file named after its noun",
  },
];
