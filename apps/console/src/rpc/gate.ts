/** What every call passes before anything is done for it. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { callerKey } from "./caller.js";
import { toConnectError } from "./cluster-error.js";
import { effectOf, isChange } from "./method-effects.js";

export function createGate({ isReadOnly }: { readonly isReadOnly: boolean }): Interceptor {
  return (next) => async (request) => {
    const { method } = request;
    const effect = effectOf(method);
    if (effect === "withheld") {
      throw new ConnectError(`${method.parent.name}.${method.name} is not offered here`, Code.Unimplemented);
    }
    if (effect !== "open" && request.contextValues.get(callerKey).mustLogIn) {
      throw new ConnectError("log in first", Code.Unauthenticated);
    }
    if (isReadOnly && isChange(method, request.stream ? undefined : request.message)) {
      throw new ConnectError("this console is read-only", Code.PermissionDenied);
    }
    try {
      return await next(request);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}
