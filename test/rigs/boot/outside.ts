import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SnapshotStore } from "../../../components/servers/etcd";
import { createAuthority, type KeyPair } from "../pki/certificates";
import { program } from "../programs";
import { eventually } from "../waiting";
import type { Site } from "./site";

export type OutsideService = "packages" | "downloads" | "metadata" | "hetzner" | "bucket";

/** What a service does wrong: `cut off` sends the first half of a file, `other content` sends a page in its place. */
export type OutsideFault = "503" | "cut off" | "other content";

export interface OutsideSettings {
  /** The folder of the package repository. */
  readonly packages: string;
  /** Files by the last part of their URL. */
  readonly downloads: Readonly<Record<string, string>>;
  readonly servers: readonly { readonly id: number; readonly name: string; readonly address: string }[];
  readonly floatingIp: number;
  readonly certificate: KeyPair;
}

export type ToOutside =
  | { readonly kind: "start"; readonly settings: OutsideSettings }
  | { readonly kind: "fault"; readonly service: OutsideService; readonly fault: OutsideFault | undefined };

/** One request as it arrived. */
export interface SeenOutside {
  readonly from: string;
  /** A service, or the unknown host. */
  readonly service: string;
  readonly path: string;
  readonly status: number;
}

export type FromOutside =
  | ({ readonly kind: "seen" } & SeenOutside)
  | { readonly kind: "ready"; readonly store: Omit<SnapshotStore, "endpoint"> };

/** The names under which servers reach the outside; a bucket's name is the endpoint's. */
export const OUTSIDE_NAMES = [
  "github.com",
  "api.hetzner.cloud",
  "fsn1.your-objectstorage.com",
  "packages.test",
];

/**
 * Stand-ins of what servers reach: GitHub's downloads, a package mirror, Hetzner's API and metadata, a bucket. The
 * metadata service sends no user data: cloud-init reads ours from the disk.
 */
export class Outside {
  readonly #process: ChildProcess;
  readonly requests: SeenOutside[] = [];
  /** The certificate authority that servers must trust. */
  readonly authority: string;
  #store: Omit<SnapshotStore, "endpoint"> | undefined;

  private constructor(child: ChildProcess, authority: string) {
    this.#process = child;
    this.authority = authority;
  }

  static async start(site: Site, settings: Omit<OutsideSettings, "certificate">): Promise<Outside> {
    const authority = createAuthority("outside");
    const certificate = authority.issue({ names: OUTSIDE_NAMES, usages: ["server"] });
    const child = spawn(
      program("setpriv"),
      [
        ...["--pdeathsig", "KILL", program("nsenter"), `--net=/proc/${site.pid}/ns/net`, "--"],
        ...[
          process.execPath,
          "--import",
          "tsx",
          fileURLToPath(new URL("./outside-process.ts", import.meta.url)),
        ],
      ],
      { stdio: ["ignore", "ignore", "inherit", "ipc"] },
    );
    const outside = new Outside(child, authority.cert);
    child.on("message", (message: FromOutside) => {
      if (message.kind === "seen") outside.requests.push(message);
      else outside.#store = message.store;
    });
    outside.#tell({ kind: "start", settings: { ...settings, certificate } });
    await eventually("the outside answers", 60_000, () => outside.#store !== undefined);
    return outside;
  }

  get store(): SnapshotStore {
    if (!this.#store) throw new Error("the outside has not started");
    return { ...this.#store, endpoint: "https://fsn1.your-objectstorage.com" };
  }

  /** Lets a service do something wrong until it is told otherwise. */
  fail(service: OutsideService, fault: OutsideFault | undefined): void {
    this.#tell({ kind: "fault", service, fault });
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }

  #tell(message: ToOutside): void {
    this.#process.send(message);
  }
}
