import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { etcdBinaries } from "../../../components/servers/etcd/release";
import { k3sBinary } from "../../../components/servers/k3s/release";
import { program } from "../programs";
import { k3sStandIn } from "./k3s-stand-in";

/** Files that servers download, by the last part of their URL. */
export type Downloads = Readonly<Record<string, string>>;

/**
 * What GitHub serves: etcd packed as upstream packs it, and the stand-in of K3s. Their digests are not those of the
 * releases, so whoever renders user data takes `digestOf` in place of the pinned one.
 */
export function makeDownloads(folder: string): Downloads {
  const [first] = etcdBinaries("amd64", "/");
  if (!first?.member) throw new Error("etcd is not downloaded as an archive");
  const release = first.member.split("/")[0] ?? "";
  mkdirSync(join(folder, release), { recursive: true });
  for (const name of ["etcd", "etcdctl", "etcdutl"])
    cpSync(realpathSync(program(name)), join(folder, release, name));
  const archive = join(folder, lastOf(first.url));
  execFileSync("tar", [
    "--create",
    "--use-compress-program=gzip -1",
    "--file",
    archive,
    "--directory",
    folder,
    release,
  ]);
  const k3s = join(folder, "k3s");
  writeFileSync(k3s, k3sStandIn());
  return { [lastOf(first.url)]: archive, [lastOf(k3sBinary("amd64").url)]: k3s };
}

export function digestOf(downloads: Downloads, url: string): string {
  const file = downloads[lastOf(url)];
  if (file === undefined) throw new Error(`the outside has no ${url}`);
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

const lastOf = (url: string) => url.split("/").at(-1) ?? "";
