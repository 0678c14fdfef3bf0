import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { signedToken } from "../signed-token";
import type { StandInRest } from "./rest";

/**
 * Stand-in for the ingress of GardenOS: `/rest/v1` goes to the stand-in of PostgREST. It answers by itself as far as
 * `verify gardenos` asks: for GoTrue, which keeps users and signs their tokens, and for storage-api, which has no bucket.
 */
export class StandInFront {
  readonly #server: Server;
  readonly #users = new Map<string, { readonly id: string; readonly password: string }>();
  /** Paths that answer 502, as an ingress does without a backend. */
  readonly down = new Set<string>();

  private constructor(
    readonly rest: StandInRest,
    readonly secret: { readonly epoch: number; readonly value: string },
    readonly serviceKey: string,
  ) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(
    rest: StandInRest,
    secret: StandInFront["secret"],
    serviceKey: string,
  ): Promise<StandInFront> {
    const front = new StandInFront(rest, secret, serviceKey);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    return front;
  }

  get url(): string {
    // Safe: the server listens on a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get users(): number {
    return this.#users.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const content = Buffer.concat(chunks).toString();
    const { method = "GET", url = "/" } = request;
    if ([...this.down].some((path) => url.startsWith(path)))
      return void response.writeHead(502).end("Bad Gateway");
    if (url.startsWith("/rest/v1")) return this.#forward(request, content, response);
    const [status, body] = await this.#own(method, url, request.headers.authorization, content);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  async #forward(
    { method, url, headers }: IncomingMessage,
    content: string,
    response: ServerResponse,
  ): Promise<void> {
    const { authorization = "", prefer, accept } = headers;
    const answer = await fetch(`${this.rest.url}${url}`, {
      ...(method && { method }),
      headers: {
        authorization,
        ...(accept && { accept }),
        ...(prefer && { prefer: String(prefer) }),
      },
      ...(content && { body: content }),
    });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  }

  async #own(
    method: string,
    url: string,
    authorization: string | undefined,
    content: string,
  ): Promise<[number, unknown]> {
    if (url === "/auth/v1/health") return [200, { name: "GoTrue", version: "stand-in" }];
    if (url === "/auth/v1/token?grant_type=password") {
      const { email, password } = JSON.parse(content);
      const user = this.#users.get(email);
      if (user?.password !== password) return [400, { error_code: "invalid_credentials" }];
      const claims = { role: "authenticated", sub: user?.id, email };
      const kid = `trellis-${this.secret.epoch}`;
      return [
        200,
        { access_token: await signedToken(claims, this.secret.value, { kid }), token_type: "bearer" },
      ];
    }
    if (authorization !== `Bearer ${this.serviceKey}`) return [401, { error_code: "no_authorization" }];
    if (url === "/storage/v1/bucket") return [200, []];
    if (method === "POST" && url === "/auth/v1/admin/users") {
      const { email, password } = JSON.parse(content);
      const id = randomUUID();
      this.#users.set(email, { id, password });
      return [200, { id, email }];
    }
    const [email] = [...this.#users].find(([, { id }]) => url === `/auth/v1/admin/users/${id}`) ?? [];
    if (method !== "DELETE" || email === undefined) return [404, { error_code: "user_not_found" }];
    this.#users.delete(email);
    return [200, {}];
  }
}
