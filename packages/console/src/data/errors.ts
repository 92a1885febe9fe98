import { Code, ConnectError } from "@connectrpc/connect";

/** What a view does about a failure; the words are for the person. */
export type FailureKind =
  | "unreachable"
  | "no-quorum"
  | "login"
  | "denied"
  | "compacted"
  | "future"
  | "refused"
  | "timeout"
  | "cancelled"
  | "other";

export interface Failure {
  readonly kind: FailureKind;
  readonly title: string;
  /** The cluster's own words, without the prefixes that every message of its carries. */
  readonly detail: string;
}

const titles: Readonly<Record<FailureKind, string>> = {
  unreachable: "The console's server does not answer",
  "no-quorum": "The cluster does not answer",
  login: "Log in first",
  denied: "Not allowed",
  compacted: "That revision was compacted",
  future: "That revision is still to come",
  refused: "The cluster refused",
  timeout: "No answer in time",
  cancelled: "Cancelled",
  other: "Something went wrong",
};

const explanations: Partial<Record<FailureKind, string>> = {
  unreachable: "Check that it still runs; this page keeps trying.",
  timeout: "If this was a write, it may still have happened: look before doing it again.",
  compacted: "History before the last compaction is gone. Choose a newer revision.",
  future: "The store has not reached it yet.",
  login: "The session is over.",
};

/** Any thrown value in words for a person. */
export function describeError(error: unknown): Failure {
  const kind = failureKind(error);
  const said = messageOf(error);
  const detail = explanations[kind] ?? said;
  return { kind, title: titles[kind], detail };
}

export function failureKind(error: unknown): FailureKind {
  if (error instanceof DOMException && error.name === "AbortError") return "cancelled";
  if (isNetworkFailure(error)) return "unreachable";
  if (!(error instanceof ConnectError)) return "other";
  const message = error.rawMessage;
  if (message.includes("has been compacted")) return "compacted";
  if (message.includes("is a future revision")) return "future";
  switch (error.code) {
    case Code.Canceled:
      return "cancelled";
    case Code.Unavailable:
      return "no-quorum";
    case Code.DeadlineExceeded:
      return "timeout";
    case Code.Unauthenticated:
      return message.startsWith("etcdserver:") ? "denied" : "login";
    case Code.PermissionDenied:
      return "denied";
    case Code.Internal:
    case Code.Unknown:
      return "other";
    default:
      return "refused";
  }
}

/** Whether the same read may be sent again by itself. */
export function isPassing(error: unknown): boolean {
  const kind = failureKind(error);
  return kind === "unreachable" || kind === "no-quorum";
}

function isNetworkFailure(error: unknown): boolean {
  if (error instanceof TypeError && networkWords.test(error.message)) return true;
  if (!(error instanceof ConnectError)) return false;
  return error.cause instanceof TypeError || networkWords.test(error.rawMessage);
}

/** What Chromium, Firefox and Safari say when nobody answers or the answer breaks off. */
const networkWords = /failed to fetch|networkerror|load failed|network error|connection was lost/i;

function messageOf(error: unknown): string {
  if (error instanceof ConnectError)
    return sentence(error.rawMessage.replace(/^(etcdserver|mvcc|auth): (mvcc: )?/, ""));
  return error instanceof Error ? sentence(error.message) : String(error);
}

function sentence(text: string): string {
  if (text === "") return "";
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
