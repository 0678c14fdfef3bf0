import { createSocket, type Socket } from "node:dgram";

const HEADER_BYTES = 12;
const TYPE_A = 1;
const NO_SUCH_NAME = 3;

/**
 * A small DNS server, as CoreDNS is for pods: it answers the names that it is given with their IPv4 addresses, and all
 * others with "no such name". It remembers what it was asked, and can fall silent.
 */
export class NameServer {
  /** The names that were asked for, oldest first, also while it was silent. */
  readonly asked: string[] = [];
  readonly #socket: Socket;
  readonly #names: ReadonlyMap<string, string>;
  #silent = false;

  private constructor(socket: Socket, names: ReadonlyMap<string, string>) {
    this.#socket = socket;
    this.#names = names;
    socket.on("message", (query, { port, address }) => {
      const { name, type, end } = questionOf(query);
      this.asked.push(name);
      if (!this.#silent) socket.send(this.#answer(query.subarray(0, end), name, type), port, address);
    });
  }

  /** Listens at the given address, on the only port that resolv.conf knows. */
  static async start(address: string, names: ReadonlyMap<string, string>): Promise<NameServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((bound, failed) => {
      socket.once("error", failed);
      socket.bind(53, address, bound);
    });
    return new NameServer(socket, names);
  }

  /** From now on queries get no answer, as from a server that is lost: nobody refuses them either. */
  fallSilent(): void {
    this.#silent = true;
  }

  answerAgain(): void {
    this.#silent = false;
  }

  stop(): Promise<void> {
    return new Promise((stopped) => this.#socket.close(() => stopped()));
  }

  #answer(question: Buffer, name: string, type: number): Buffer {
    const address = this.#names.get(name);
    const records = address !== undefined && type === TYPE_A ? 1 : 0;
    const header = Buffer.from(question.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8180 | (address === undefined ? NO_SUCH_NAME : 0), 2); // a response, with recursion
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records, 6);
    header.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 5, 0, 4]); // 5 s, as CoreDNS has it
    const bytes = Buffer.from((address ?? "").split(".").map(Number));
    return Buffer.concat([header, question.subarray(HEADER_BYTES), ...(records ? [record, bytes] : [])]);
  }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("ascii", at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), end: at + 5 };
}
