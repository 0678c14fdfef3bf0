import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, type Properties, plain } from "./wire";

/** A resource that a stand-in has made: what an account would hold. Marks of secrets are kept. */
export interface Held {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

export type Operation = "create" | "read" | "update" | "delete";

/** A file of the directory of all clouds: which of the networks 127.x.0.0 the addresses of this run are in. */
const NETWORK_FILE = "network";

/** A directory for the clouds of one run, with loopback addresses that no other run on this machine is likely to have. */
export function newClouds(directory: string): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, NETWORK_FILE), String(randomInt(32, 250)));
  return directory;
}

/** A misbehaviour: which operations fail, and what the real provider would say. */
interface Fault {
  readonly operations: readonly Operation[];
  readonly error: string;
  /** Only resources of this type. Default: all. */
  readonly type?: string;
  /** Only where these inputs have these values, by dotted path. Default: any. */
  readonly where?: Readonly<Record<string, unknown>>;
  /** How often; then it works again. Default: always. */
  readonly times?: number;
}

/** How a stand-in behaves where what it makes is really made. */
interface Connection {
  /** Whether it comes back only once that does its work, as the real provider does. @default false */
  readonly awaits?: boolean;
}

/**
 * What one stand-in provider has made, on disk: it outlives the provider's process, which the engine starts anew for
 * every operation, and a test can look into it, change it behind the engine's back, or let it misbehave.
 */
export class Cloud {
  readonly #clouds: string;
  readonly #directory: string;
  /** How the program has set the provider, as the engine tells the provider's process. */
  configuration: ReadonlyMap<string, unknown> = new Map();

  constructor(clouds: string, provider: string) {
    this.#clouds = clouds;
    this.#directory = join(clouds, provider);
    for (const folder of ["held", "ids"]) mkdirSync(join(this.#directory, folder), { recursive: true });
  }

  find(id: string): Held | undefined {
    return this.all().find((held) => held.id === id);
  }

  all(type?: string): Held[] {
    return readdirSync(join(this.#directory, "held"))
      .map((file): Held => JSON.parse(readFileSync(join(this.#directory, "held", file), "utf8")))
      .filter((held) => type === undefined || held.type === type);
  }

  /** Holds it under its id, or under another key where the id is not its own. */
  put(held: Held, key = held.id): void {
    // Renamed into its place, so that a test that looks on never reads half of it.
    const draft = join(this.#directory, `draft-${encodeURIComponent(key)}`);
    writeFileSync(draft, JSON.stringify(held));
    renameSync(draft, this.#fileOf(key));
  }

  remove(key: string): void {
    rmSync(this.#fileOf(key), { force: true });
  }

  /** A number that no other resource ever has, even after this one is gone. */
  nextId(): number {
    for (let id = 1000 + readdirSync(join(this.#directory, "ids")).length; ; id += 1) {
      try {
        mkdirSync(join(this.#directory, "ids", String(id)));
        return id;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      }
    }
  }

  /** Says that a resource has this number already. */
  take(number: number): void {
    mkdirSync(join(this.#directory, "ids", String(number)), { recursive: true });
  }

  /** An IPv4 address for the resource of this number: on loopback, where a test can answer at it. */
  ipv4(number: number): string {
    const file = join(this.#clouds, NETWORK_FILE);
    const network = existsSync(file) ? readFileSync(file, "utf8") : "32";
    return `127.${network}.${(number >> 8) & 255}.${number & 255}`;
  }

  /** Replaces the misbehaviours by these; none ends them all. */
  misbehave(...faults: readonly Fault[]): void {
    this.#write("faults", faults);
  }

  /** Says which server types are sold out at which locations, as `<type> <location>`; all others are in stock. */
  sellOut(...soldOut: readonly string[]): void {
    this.#write("sold-out", soldOut);
  }

  inStock(type: unknown, location: unknown): boolean {
    return !this.#read<string>("sold-out").includes(`${type} ${location}`);
  }

  /** From now on what the stand-in makes is made where its provider is configured to, and not only here. */
  connect(connection: Connection = {}): void {
    this.#write("connection", [connection]);
  }

  get connection(): Connection | undefined {
    return this.#read<Connection>("connection")[0];
  }

  /** Says what really was built: the digests by repositories, without tags. */
  holds(digests: Readonly<Record<string, string>>): void {
    this.#write("digests", Object.entries(digests));
  }

  /** The digest of what was built for a repository. */
  digestOf(repository: string): string | undefined {
    return new Map(this.#read<[string, string]>("digests")).get(repository);
  }

  /** Throws what a fault says, if one covers this operation. */
  meetFaults(operation: Operation, type: string, inputs: Properties): void {
    const faults = this.#read<Fault>("faults");
    const fault = faults.find(
      ({ operations, type: only, where = {}, times = 1 }) =>
        times > 0 &&
        operations.includes(operation) &&
        (only === undefined || only === type) &&
        Object.entries(where).every(([path, value]) => at(plain(inputs), path) === value),
    );
    if (!fault) return;
    const { times } = fault;
    if (times !== undefined) {
      this.misbehave(...faults.map((each) => (each === fault ? { ...each, times: times - 1 } : each)));
    }
    throw new Error(fault.error);
  }

  #write(name: string, conditions: readonly unknown[]): void {
    writeFileSync(join(this.#directory, `${name}.json`), JSON.stringify(conditions));
  }

  #read<T>(name: string): T[] {
    const path = join(this.#directory, `${name}.json`);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
  }

  #fileOf(key: string): string {
    return join(this.#directory, "held", `${encodeURIComponent(key)}.json`);
  }
}
