import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { etcdBinaries } from "../../../components/servers/etcd/release";
import { k3sBinary } from "../../../components/servers/k3s/release";
import type { MachineBinary } from "../../../components/servers/machine";
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
  packRelease(archive, folder, release);
  const k3s = join(folder, "k3s");
  writeFileSync(k3s, k3sStandIn());
  const later = lastOf(laterEtcd(first).url);
  return {
    [lastOf(first.url)]: archive,
    [later]: join(folder, later),
    [lastOf(k3sBinary("amd64").url)]: k3s,
  };
}

const LATER = "$1.99-";

/** A program of etcd in a later patch release of the same minor version, which nobody has published. */
export function laterEtcd(binary: MachineBinary): MachineBinary {
  const later = (text: string) => text.replace(/(v\d+\.\d+)\.\d+-/, LATER);
  return { ...binary, url: later(binary.url), ...(binary.member && { member: later(binary.member) }) };
}

/** Publishes that release: the same programs with other digests. */
export function publishLaterEtcd(downloads: Downloads): void {
  const [first] = etcdBinaries("amd64", "/");
  const archive = downloads[first ? lastOf(laterEtcd(first).url) : ""];
  if (!first?.member || archive === undefined) throw new Error("the outside has no folder for it");
  const [folder, former = ""] = [dirname(archive), first.member.split("/")[0]];
  const release = former.replace(/(v\d+\.\d+)\.\d+-/, LATER);
  renameSync(join(folder, former), join(folder, release));
  // Bytes behind the end of a program do not change what it does.
  for (const name of ["etcd", "etcdctl", "etcdutl"]) appendFileSync(join(folder, release, name), "later");
  packRelease(archive, folder, release);
}

function packRelease(archive: string, folder: string, release: string): void {
  const how = ["--create", "--use-compress-program=gzip -1", "--file", archive, "--directory", folder];
  execFileSync("tar", [...how, release]);
}

export function digestOf(downloads: Downloads, url: string): string {
  const file = downloads[lastOf(url)];
  if (file === undefined) throw new Error(`the outside has no ${url}`);
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

const lastOf = (url: string) => url.split("/").at(-1) ?? "";
