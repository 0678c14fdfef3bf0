import { type ChildProcess, execFileSync, type SpawnOptions } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MachinePart, renderCloudInit } from "../../../components/servers/machine";
import { type MachineFacts, machineParts } from "../../../components/servers/machine-parts";
import type { Node } from "../../../components/settings";
import { opensshKeyPair } from "../engine/stand-ins/openssh";
import { wholeMachines } from "../machine/whole-machines";
import { repository } from "../platform/stacks";
import { type Downloads, digestOf, makeDownloads, publishLaterEtcd } from "./downloads";
import { Outside } from "./outside";
import { Server } from "./server";
import { Site } from "./site";

export const BOOT_PROGRAMS = [
  ...["setpriv", "unshare", "nsenter", "mount", "pivot_root", "ip", "mmdebstrap", "openssl"],
  ...["etcd", "etcdctl", "etcdutl"],
] as const;

/** Makes the image that servers start from, unless it is in the cache. */
export function serverImage(): string {
  const script = join(repository, "test/toolchain/machine-root.sh");
  return execFileSync("bash", [script], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** The servers of a stack, powered off, in a data center of their own. */
export class DataCenter {
  readonly #folder: string;
  readonly #site: Site;
  readonly outside: Outside;
  readonly servers: readonly Server[];
  readonly nodes: readonly Node[];
  readonly facts: MachineFacts;
  readonly #downloads: Downloads;

  private constructor(
    args: Pick<DataCenter, "outside" | "servers" | "nodes" | "facts">,
    site: Site,
    { folder, downloads }: { readonly folder: string; readonly downloads: Downloads },
  ) {
    this.outside = args.outside;
    this.servers = args.servers;
    this.nodes = args.nodes;
    this.facts = args.facts;
    this.#site = site;
    this.#folder = folder;
    this.#downloads = downloads;
  }

  /** @param settings Settings of the target, in place of prod's. */
  static async open(settings: Readonly<Record<string, unknown>> = {}): Promise<DataCenter> {
    const image = serverImage();
    const folder = mkdtempSync(join(tmpdir(), "trellis-boot-"));
    const site = await Site.make();
    try {
      const downloads = makeDownloads(folder);
      const machines = await wholeMachines(settings);
      const [first] = machines;
      if (!first) throw new Error("these settings have no server");
      const outside = await Outside.start(site, {
        packages: join(image, "packages"),
        downloads,
        floatingIp: Number(first.facts.floatingIpId),
        servers: machines.map(({ node, facts }, index) => ({
          id: 1001 + index,
          name: node.name,
          address: facts.publicAddress[node.name] ?? "",
        })),
      });
      const facts = { ...first.facts, snapshotStore: outside.store, snapshotKey: snapshotKey() };
      const servers = machines.map(
        ({ node }) =>
          new Server(site, {
            name: node.name,
            publicAddress: facts.publicAddress[node.name] ?? "",
            privateAddress: node.privateAddress ?? "",
            userData: userDataOf(node, facts, downloads),
            authority: outside.authority,
            image,
          }),
      );
      return new DataCenter({ outside, servers, facts, nodes: machines.map(({ node }) => node) }, site, {
        folder,
        downloads,
      });
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  server(index: number): Server {
    const server = this.servers[index];
    if (!server) throw new Error(`there is no server ${index}`);
    return server;
  }

  /** The user data of a server whose number in `target.generations` was raised. */
  userDataOfNextGeneration(index: number): string {
    const node = this.nodes[index];
    if (!node) throw new Error(`there is no server ${index}`);
    const { target } = this.facts;
    const generations = { ...target.generations, [node.name]: (target.generations[node.name] ?? 1) + 1 };
    return userDataOf(node, { ...this.facts, target: { ...target, generations } }, this.#downloads);
  }

  /** The user data of a server with other parts; the outside has what they download. */
  userDataWith(index: number, edit: (parts: MachinePart[]) => MachinePart[]): string {
    const node = this.nodes[index];
    if (!node) throw new Error(`there is no server ${index}`);
    return userDataOf(node, this.facts, this.#downloads, edit);
  }

  /** Publishes a later patch release of etcd. */
  publishLaterEtcd(): void {
    publishLaterEtcd(this.#downloads);
  }

  /** Runs a program in the public network, outside of all servers. */
  fromOutside(command: string, ...args: string[]): string {
    return this.#site.run(command, ...args);
  }

  /** Starts a program in the public network, outside of all servers. */
  startOutside(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    return this.#site.start(command, args, options);
  }

  async close(): Promise<void> {
    this.outside.stop();
    await this.#site.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The user data of a server as the program renders it, but for the digests of what it downloads. */
function userDataOf(
  node: Node,
  facts: MachineFacts,
  downloads: Downloads,
  edit: (parts: MachinePart[]) => MachinePart[] = (parts) => parts,
): string {
  const parts = edit(machineParts(node, facts)).map((part) => ({
    ...part,
    ...(part.binaries && {
      binaries: part.binaries.map((each) => ({ ...each, sha256: digestOf(downloads, each.url) })),
    }),
  }));
  return renderCloudInit(parts);
}

function snapshotKey() {
  const { publicKeyOpenssh, privateKeyOpenssh } = opensshKeyPair(generateKeyPairSync("ed25519").privateKey);
  return { publicKey: publicKeyOpenssh, privateKey: privateKeyOpenssh };
}
