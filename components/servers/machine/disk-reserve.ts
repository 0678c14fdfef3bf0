import { DISK_RESERVE } from "../../shared/disk-reserve";

/**
 * Shell commands that keep the last part of a file system for the group of etcd and PostgreSQL: now, and by fstab at each
 * boot. The default group in the file system itself is not enough: Linux 6.18 mounts without it. Other file systems than
 * ext4 have no such part.
 */
export function reserveDisk(mountPoint = "/", fstab = "/etc/fstab"): string {
  const option = `resgid=${DISK_RESERVE.group}`;
  return `if [ "$(findmnt -no FSTYPE ${mountPoint})" = ext4 ]; then
  tune2fs -m ${DISK_RESERVE.percent} "$(findmnt -no SOURCE ${mountPoint})" >/dev/null
  grep -q ${option} ${fstab} || sed -Ei 's#^([^\\#[:space:]]+[[:space:]]+${mountPoint}[[:space:]]+ext4[[:space:]]+[^[:space:]]+)#\\1,${option}#' ${fstab}
  mount -o remount,${option} ${mountPoint}
fi
`;
}
