/** Whether the server refused a request for this reason. */
import { findErrorByMessage, type ErrorName } from "@quorate/proto";

export function isRefusal(error: unknown, name: ErrorName): boolean {
  return error instanceof Error && findErrorByMessage(error.message) === name;
}
