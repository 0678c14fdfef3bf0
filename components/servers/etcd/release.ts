import { versions } from "../../shared/versions";
import type { MachineBinary } from "../machine";

export type Architecture = keyof typeof versions.etcd.sha256;

/** The server, its client, and etcdutl, which reads and restores snapshots: all three from one archive. */
export function etcdBinaries(architecture: Architecture, folder: string): MachineBinary[] {
  const name = `etcd-v${versions.etcd.version}-linux-${architecture}`;
  return ["etcd", "etcdctl", "etcdutl"].map((program) => ({
    path: `${folder}/${program}`,
    url: `https://github.com/etcd-io/etcd/releases/download/v${versions.etcd.version}/${name}.tar.gz`,
    sha256: versions.etcd.sha256[architecture],
    member: `${name}/${program}`,
  }));
}
