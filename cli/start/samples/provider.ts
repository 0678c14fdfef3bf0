import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** How the test provider answers one request. */
export interface Answer {
  /** The HTTP status. @default 200 */
  readonly status?: number;
  /** The content of the file. @default empty */
  readonly body?: Uint8Array | string;
  /** HTTP headers. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Announces the whole body, sends half of it and closes the connection. @default sends all of it */
  readonly truncated?: true;
  /** Accepts the request and never answers. @default answers */
  readonly silent?: true;
}

export interface StandInProvider {
  readonly url: string;
  /** The path, response status and time of each request. */
  readonly requests: { readonly path: string; readonly status: number; readonly at: number }[];
  /** Publishes a file. Several answers are given in order, and the last one repeats. */
  publish(path: string, ...answers: readonly (Uint8Array | Answer)[]): void;
  stop(): Promise<void>;
}

/** A local server like the provider's: 404 for unknown files; ETag and 304 for published ones. */
export async function startProvider(): Promise<StandInProvider> {
  const published = new Map<string, Answer[]>();
  const requests: { path: string; status: number; at: number }[] = [];
  const sockets = new Set<Socket>();

  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    const answers = published.get(path) ?? [];
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 404, body: "not here" };
    requests.push({ path, status: give(answer, request, response), at: performance.now() });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server has a port

  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    publish: (path, ...answers) =>
      void published.set(
        path,
        answers.map((each) => (each instanceof Uint8Array ? { body: each } : each)),
      ),
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function give(answer: Answer, request: IncomingMessage, response: ServerResponse): number {
  if (answer.silent) return 0;
  const body = Buffer.from(answer.body ?? "");
  const status = answer.status ?? 200;
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
  if (status === 200 && request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return 304;
  }
  response.writeHead(status, {
    ...(status === 200 && { etag }),
    "content-length": body.length,
    ...answer.headers,
  });
  if (answer.truncated) response.write(body.subarray(0, body.length / 2), () => response.destroy());
  else response.end(body);
  return status;
}
