import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createAuthority } from "../../pki/certificates";

export interface Front {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** What the ingress is to a browser: TLS under the name by which the interface is known, before a plain port. */
export async function startFront(host: string, behind: number): Promise<Front> {
  const { cert, key } = createAuthority("a front of a test").issue({
    commonName: host,
    names: [host],
    usages: ["server"],
  });
  const server = createServer({ cert, key }, (asked, answer) => {
    const headers = { ...asked.headers, "x-forwarded-proto": "https" };
    const passed = request(
      { host: "127.0.0.1", port: behind, method: asked.method, path: asked.url, headers },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      },
    );
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host,
    port: (server.address() as AddressInfo).port, // it listens at a port
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
