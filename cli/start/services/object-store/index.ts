import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { ServerIdentity } from "../authority";
import { answerRequest, type ObjectStoreArgs, refused } from "./protocol";

export { DiskStorage } from "./disk";
export { MemoryStorage } from "./memory";
export { refused } from "./protocol";
export type { Access } from "./signature";

export interface ObjectStoreServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Handles a request whose body was received completely. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void>;

/** A handler that implements S3. */
export const objectStore =
  (args: ObjectStoreArgs): Handler =>
  (request, response, body) =>
    answerRequest(args, request, response, body);

/** Serves S3 on a free loopback port, with TLS if an identity is given. */
export async function serveObjects(handler: Handler, identity?: ServerIdentity): Promise<ObjectStoreServer> {
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await receive(request);
    if (!body) return;
    await handler(request, response, body).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refused(500, `InternalError: ${String(error)}`)(response);
    });
  };
  const server = identity
    ? createSecureServer({ cert: identity.certificate, key: identity.key }, listener)
    : createServer(listener);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  return {
    port,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

/** Undefined if the client disconnected. */
async function receive(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer); // safe: without an encoding, chunks are buffers
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
