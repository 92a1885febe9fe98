/** Answers in the shape of Go's `http.Error` and of etcd's handlers: other members compare bodies. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Text, one newline, no sniffing. */
export function sendError(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.end(`${text}\n`);
}

export function sendNotFound(response: ServerResponse): void {
  sendError(response, 404, "404 page not found");
}

/** The JSON errors of etcd's `httptypes`. */
export function sendJsonError(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ message }));
}

export function sendBody(response: ServerResponse, contentType: string, body: string | Uint8Array): void {
  response.statusCode = 200;
  response.setHeader("Content-Type", contentType);
  response.end(body);
}

/** Answers with 405 when the method is another one. */
export function allowMethod(
  request: IncomingMessage,
  response: ServerResponse,
  method: "GET" | "POST",
): boolean {
  if (request.method === method) return true;
  response.setHeader("Allow", method);
  sendError(response, 405, "Method Not Allowed");
  return false;
}

/** Answers with `text` and closes the connection, so that the rest of a body that nobody reads costs nothing. */
export function sendErrorAndClose(response: ServerResponse, status: number, text: string): void {
  response.setHeader("Connection", "close");
  sendError(response, status, text);
}
