/**
 * A client in a process of its own, which runs stretches as its parent asks for them: arguments are the client's name and the port, a
 * message is a `StretchPlan`, the answer its result or why there is none.
 */
import { openKvClient, type ClientName } from "./kv-client.js";
import { runStretch, writeKeys, type StretchPlan, type StretchResult } from "./stretch.js";

export type StretchAnswer = { readonly result: StretchResult } | { readonly failure: string };

const [, , name, port] = process.argv;
const client = openKvClient(name as ClientName, Number(port));
const ready = writeKeys(client);

process.on("message", (plan: StretchPlan) => {
  ready
    .then(() => runStretch(client, plan))
    .then(
      (result): StretchAnswer => ({ result }),
      (error: unknown): StretchAnswer => ({ failure: String(error) }),
    )
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1));
});
process.on("disconnect", () => process.exit(0));
