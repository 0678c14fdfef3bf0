import type { X509Certificate } from "node:crypto";
import { request as overHttp } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as overTls } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Received } from "./backends";

export interface Asked {
  readonly host: string;
  /** @default "/" */
  readonly path?: string;
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** The client's address. */
  readonly from: string;
  /** Where it connects to. */
  readonly to: string;
  readonly port?: number;
  /** The CA whose certificates it accepts. @default plain HTTP */
  readonly authority?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** What the backend received; undefined where no backend answered. */
  readonly received: Received | undefined;
}

/** Sends one request over a connection of its own. */
export function ask(asked: Asked): Promise<Answer> {
  const { host, path = "/", method = "GET", headers = {}, body, from, to, authority } = asked;
  const port = asked.port ?? (authority ? 443 : 80);
  const options = {
    host: to,
    port,
    path,
    method,
    headers: { host, ...headers },
    localAddress: from,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const sent = authority
      ? overTls({ ...options, servername: host.replace(/:.*/, ""), ca: authority })
      : overHttp(options);
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (text += piece));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([key, value]) => [key, String(value)]),
          ),
          body: text,
          received: receivedIn(text),
        }),
      );
    });
    sent.end(body);
  });
}

const receivedIn = (answer: string): Received | undefined =>
  answer.startsWith('{"service"') ? JSON.parse(answer) : undefined;

/** The same over HTTP/2, as browsers send it. */
export function askOverHttp2(asked: Asked & { readonly authority: string }): Promise<Answer> {
  const { host, path = "/", method = "GET", headers = {}, body, from, to, port = 443, authority } = asked;
  const transport = connect({ host: to, port, localAddress: from });
  const secure = { servername: host, ca: authority, ALPNProtocols: ["h2"] };
  const session = connectHttp2(`https://${host}`, {
    createConnection: () => connectTls({ socket: transport, ...secure }),
  });
  return new Promise<Answer>((resolve, reject) => {
    for (const each of [transport, session]) each.on("error", reject);
    const stream = session.request({ ":path": path, ":method": method, ...headers });
    let text = "";
    let answered: Answer["headers"] = {};
    stream.setEncoding("utf8");
    stream.on("error", reject);
    stream.on("response", (fields) => {
      answered = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
    });
    stream.on("data", (piece) => (text += piece));
    stream.on("end", () =>
      resolve({
        status: Number(answered[":status"]),
        headers: answered,
        body: text,
        received: receivedIn(text),
      }),
    );
    stream.end(body);
  }).finally(() => session.destroy());
}

export interface RawConnection {
  readonly socket: Socket;
  /** What it has answered so far. */
  read(): string;
  /** Resolves when the other side ends the connection. */
  readonly ended: Promise<void>;
}

interface OpenArgs extends Pick<Asked, "from" | "to"> {
  readonly port: number;
  /** The name that it asks for over TLS. */
  readonly host?: string;
  /** What it sends before TLS. @default nothing */
  readonly before?: string;
}

/**
 * A connection for bytes that no client library would send: over TLS if there is a CA to accept, or `anyone`'s certificate.
 */
export function open(
  { from, to, port, host, before = "" }: OpenArgs,
  authority?: string | "anyone",
): Promise<RawConnection> {
  const options = { host: to, port, localAddress: from };
  return new Promise((resolve, reject) => {
    const transport = connect(options);
    transport.on("error", reject);
    transport.write(before);
    const socket = authority
      ? connectTls({
          socket: transport,
          ...(authority === "anyone" ? { rejectUnauthorized: false } : { ca: authority }),
          servername: host ?? "",
        })
      : transport;
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (piece) => (text += piece));
    socket.on("error", reject); // after the connection is made, the end says it
    const ended = new Promise<void>((done) => socket.on("close", () => done()));
    socket.on(authority ? "secureConnect" : "connect", () => resolve({ socket, read: () => text, ended }));
  });
}

/** The certificate that a client gets for a name, whoever issued it. */
export function certificateOf(servername: string, host: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: 443, servername, rejectUnauthorized: false });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve(certificate);
      else reject(new Error(`no certificate for ${servername}`));
      socket.destroy();
    });
  });
}
