import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate } from "node:tls";
import { reason } from "../../shared";
import { asking, Shared, Unanswered } from "./unanswered";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

interface ClientCertificate {
  readonly cert?: string;
  readonly key?: string;
}

const PATIENCE_MS = 5_000;

/** What a new connection met: `closed` is any refusal, `silent` no answer within the time. */
export type Reached = "open" | "closed" | "silent";

/** GET requests, handshakes and connections. */
export class HttpReader {
  readonly #shared = new Shared();
  readonly #plain = new HttpAgent();
  readonly #secure: HttpsAgent;
  readonly #signal: AbortSignal;

  /**
   * @param authorities The CA certificates (PEM) of the platform's own servers.
   * @param client The client certificate (PEM) for servers that demand one.
   */
  constructor(authorities: readonly string[], signal: AbortSignal, client: ClientCertificate = {}) {
    this.#signal = signal;
    this.#secure = new HttpsAgent({ ...client, ...(authorities.length > 0 && { ca: [...authorities] }) });
  }

  /** One answer for each address, whatever its status. */
  get(who: string, url: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#shared.once(`${url} ${JSON.stringify(headers)}`, () =>
      asking(who, () => this.#get(url, headers)),
    );
  }

  /**
   * The answer to somebody without a token. The certificate is not verified, because nothing is sent, and the name of a
   * single server need not be in it.
   */
  anonymous(who: string, url: string): Promise<HttpAnswer> {
    return asking(who, () => this.#get(url, {}, { rejectUnauthorized: false, agent: false }));
  }

  /** The body of an answer with status 200. */
  async text(who: string, url: string, headers?: Record<string, string>): Promise<string> {
    const { status, body } = await this.get(who, url, headers);
    if (status !== 200) throw new Unanswered(who, `status ${status} at ${new URL(url).pathname}`);
    return body;
  }

  async json(who: string, url: string, headers?: Record<string, string>): Promise<unknown> {
    const body = await this.text(who, url, headers);
    return asking(who, async () => JSON.parse(body));
  }

  /** When the certificate that a server presents ends, in milliseconds. It is not verified: an expired one is read too. */
  certificateEnd(who: string, host: string, port: number, starttls = false): Promise<number> {
    return this.#shared.once(`certificate ${host}:${port}`, () =>
      asking(who, async () => {
        const socket = starttls ? await postgresStartTls(host, port) : undefined;
        const { valid_to } = await handshake({ host, port, ...(socket && { socket }) });
        return Date.parse(valid_to);
      }),
    );
  }

  /** Tries a connection; never throws. */
  reach(host: string, port: number, patienceMs = 3_000): Promise<Reached> {
    return new Promise((resolve) => {
      const socket = connectTcp({ host, port, timeout: patienceMs });
      const end = (how: Reached) => {
        socket.destroy();
        resolve(how);
      };
      socket.once("connect", () => end("open"));
      socket.once("timeout", () => end("silent"));
      socket.once("error", () => end("closed"));
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #get(url: string, headers: Record<string, string>, more: object = {}): Promise<HttpAnswer> {
    const secure = url.startsWith("https:");
    return new Promise((resolve, reject) => {
      const call = (secure ? httpsRequest : httpRequest)(
        url,
        {
          headers,
          agent: secure ? this.#secure : this.#plain,
          timeout: PATIENCE_MS,
          signal: this.#signal,
          ...more,
        },
        async (response) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer); // safe: no encoding is set
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          } catch (error) {
            reject(error);
          }
        },
      );
      call.once("timeout", () => call.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
      call.once("error", reject);
      call.end();
    });
  }
}

function handshake(options: object): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ ...options, rejectUnauthorized: false, timeout: PATIENCE_MS });
    const read = () => {
      const certificate = socket.getPeerCertificate(true);
      socket.destroy();
      if (certificate.valid_to) resolve(certificate);
      else reject(new Error("the server presented no certificate"));
    };
    socket.once("secureConnect", read);
    socket.once("timeout", () => socket.destroy(new Error(`no handshake within ${PATIENCE_MS / 1000} s`)));
    socket.once("error", (error) => reject(new Error(reason(error))));
  });
}

/** PostgreSQL begins TLS after a request of its own protocol. */
function postgresStartTls(host: string, port: number) {
  const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  return new Promise<ReturnType<typeof connectTcp>>((resolve, reject) => {
    const socket = connectTcp({ host, port, timeout: PATIENCE_MS });
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", (answer) => {
      socket.removeAllListeners();
      if (answer.toString() === "S") return resolve(socket);
      socket.destroy();
      reject(new Error("the server offers no TLS"));
    });
    socket.once("timeout", () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.once("error", reject);
  });
}
