import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Authority } from "../pki/certificates";

/** A member as Patroni 4 tells of it at /cluster. */
export interface AnsweredMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly port: number;
  readonly lag?: number | string;
  readonly timeline?: number;
  /** The address that it announces. */
  readonly host?: string;
  readonly pending_restart?: boolean;
}

/** Stands in for the REST API of Patroni where the members themselves are plain servers: /cluster alone. */
export async function startClusterAnswer(
  authority: Authority,
  members: () => readonly AnsweredMember[],
  paused: () => boolean = () => false,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { cert, key } = authority.issue({ addresses: ["127.0.0.1"], usages: ["server"] });
  const server = createServer({ cert, key }, (request, response) => {
    if (request.url !== "/cluster") return void response.writeHead(404).end();
    const answered = members().map(({ host = "127.0.0.1", timeline = 1, ...member }) => ({
      ...member,
      timeline,
      host,
      api_url: `https://${host}:8008/patroni`,
    }));
    response.end(JSON.stringify({ members: answered, scope: "trellis", pause: paused() }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `https://127.0.0.1:${port}`,
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}
