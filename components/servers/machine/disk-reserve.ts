import { DISK_RESERVE } from "../../shared/disk-reserve";

/** The group of etcd and PostgreSQL. systemd starts no unit with a group that does not exist. */
export const RESERVE_GROUP = `groupadd -fg ${DISK_RESERVE.group} trellis-disk\n`;

/**
 * Shell commands that keep the last part of a file system for that group: now, and by fstab at each boot. The default group
 * in the file system itself is not enough: Linux 6.18 mounts without it. Other file systems than ext4 have no such part, and
 * a folder of another file system is none that this machine may change.
 */
export function reserveDisk(mountPoint = "/", fstab = "/etc/fstab"): string {
  const option = `resgid=${DISK_RESERVE.group}`;
  return `if disk=$(findmnt -nt ext4 -o SOURCE ${mountPoint}) && [ -b "$disk" ]; then
  tune2fs -m${DISK_RESERVE.percent} "$disk" >/dev/null
  grep -q ${option} ${fstab} || sed -Ei 's#^\\S+\\s+${mountPoint}\\s+ext4\\s+\\S+#&,${option}#' ${fstab}
  mount -o remount,${option} ${mountPoint}
fi
`;
}
