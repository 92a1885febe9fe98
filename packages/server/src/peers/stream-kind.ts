/** The two kinds of stream. Source: reference raft-peers-formats 3.5. */
export const StreamKind = { Message: "message", MsgApp: "msgapp" } as const;
export type StreamKind = (typeof StreamKind)[keyof typeof StreamKind];

export const streamKinds: readonly StreamKind[] = [StreamKind.Message, StreamKind.MsgApp];

/** How etcd's logs call them. */
export const streamNames: Readonly<Record<StreamKind, string>> = {
  message: "stream Message",
  msgapp: "stream MsgApp v2",
};

export function isStreamKind(text: string): text is StreamKind {
  return text === StreamKind.Message || text === StreamKind.MsgApp;
}
