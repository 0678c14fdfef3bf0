import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** Writes a mounted Secret as the kubelet does: all files change at once, with one link. */
export function writeSecretVolume(
  volume: string,
  files: Readonly<Record<string, string>>,
  group: number,
): void {
  mkdirSync(volume, { recursive: true });
  const version = mkdtempSync(join(volume, "..version-"));
  chmodSync(version, 0o755);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(version, dirname(path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(version, path), content, { mode: 0o440 });
    chownSync(join(version, path), 0, group);
  }
  symlinkSync(basename(version), join(volume, "..next"));
  renameSync(join(volume, "..next"), join(volume, "..data"));
  for (const path of new Set(Object.keys(files).map((each) => each.split("/")[0] ?? ""))) {
    rmSync(join(volume, path), { force: true });
    symlinkSync(join("..data", path), join(volume, path));
  }
}

/** What the container runtime and the kubelet would do: a root of its own, read-only, with the pod's volumes in it. */
export const CONTAINER = `
home=$1 pod=$2 drives=$3 minio=$4
shift 4
root=/mnt
mount -t tmpfs root $root
mkdir -p $root/etc/minio/certs $root/tmp $root/proc $root/dev $root/usr $root/bin
touch $root/minio $root/etc/hosts $root/etc/passwd
mount --bind $minio $root/minio
mount --bind $home/hosts $root/etc/hosts
mount -t proc proc $root/proc
mount -t tmpfs scratch $root/tmp
chmod 1777 $root/tmp
for node in null urandom; do touch $root/dev/$node; mount --bind /dev/$node $root/dev/$node; done
drive=0
while [ $drive -lt $drives ]; do
  mkdir -p $root/data/drive-$drive
  mount --bind $home/$pod/drive-$drive $root/data/drive-$drive
  drive=$((drive + 1))
done
mount --bind $home/$pod/certs $root/etc/minio/certs
mount -o remount,ro $root
exec env -i "$@"
`;
