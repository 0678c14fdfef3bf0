import { createServer, type Server as HttpServer } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from "node:net";
import { createInterface } from "node:readline";
import { createSecureContext, TLSSocket } from "node:tls";
import type { KeyPair } from "../pki/certificates";

/** A request that a receiver got. */
export interface Message {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** Stands in for Slack, PagerDuty, a webhook, ntfy and the service of a dead man's switch, each at a path of its own. */
export class HttpReceivers {
  readonly messages: Message[] = [];
  readonly #server: HttpServer;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        const { url = "", headers } = request;
        this.messages.push({ path: url, authorization: headers.authorization, body });
        const pagerduty = url.startsWith("/pagerduty");
        response
          .writeHead(pagerduty ? 202 : 200, { "content-type": "application/json" })
          .end(pagerduty ? '{"status":"success"}' : "ok");
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  to(path: string): Message[] {
    return this.messages.filter((message) => message.path.startsWith(path));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** An e-mail that the SMTP server took, and the login that its sender showed. */
export interface Mail {
  readonly login: string;
  readonly text: string;
}

/** An SMTP server that takes e-mails only over STARTTLS and after a login (RFC 5321, 3207, 4954). */
export class SmtpServer {
  readonly mails: Mail[] = [];
  readonly #server: TcpServer;
  readonly #sockets = new Set<Socket>();

  constructor({ cert, key }: KeyPair) {
    const secureContext = createSecureContext({ cert, key });
    this.#server = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      this.#talk(socket, false, () => new TLSSocket(socket, { isServer: true, secureContext }));
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return portOf(this.#server);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #talk(socket: Socket, encrypted: boolean, encrypt: () => TLSSocket): void {
    const say = (line: string) => socket.write(`${line}\r\n`);
    if (!encrypted) say("220 stand-in");
    let login = "";
    let text: string[] | undefined;
    socket.on("error", () => {});
    const lines = createInterface({ input: socket });
    lines.on("error", () => {}); // readline passes on the errors of its socket
    lines.on("line", (line) => {
      if (text && line !== ".") {
        text.push(line);
      } else if (text) {
        this.mails.push({ login, text: text.join("\n") });
        text = undefined;
        say("250 taken");
      } else if (/^EHLO/i.test(line)) {
        say("250-stand-in");
        say(encrypted ? "250 AUTH PLAIN" : "250 STARTTLS");
      } else if (/^STARTTLS/i.test(line)) {
        lines.close();
        socket.removeAllListeners("data");
        say("220 go on");
        this.#talk(encrypt(), true, encrypt);
      } else if (!encrypted) {
        say("530 STARTTLS first");
      } else if (/^AUTH PLAIN /i.test(line)) {
        login = Buffer.from(line.slice(11), "base64").toString().split("\0").slice(1).join(":");
        say("235 welcome");
      } else if (/^DATA/i.test(line)) {
        text = [];
        say("354 go on");
      } else {
        say(/^QUIT/i.test(line) ? "221 bye" : login ? "250 ok" : "530 log in first");
      }
    });
  }
}

const portOf = (server: { address: () => AddressInfo | string | null }): number =>
  (server.address() as AddressInfo).port; // safe: the server listens at a TCP port
