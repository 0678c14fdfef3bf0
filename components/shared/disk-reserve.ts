/**
 * The last part of a server's disk, which only etcd and PostgreSQL may fill: ext4 keeps blocks for root and for one group.
 * Everything else on the server gets "no space left" before they do.
 */
export const DISK_RESERVE = {
  /** The id of the group. Servers know it as `trellis-disk`; pods have the number only. */
  group: 9432,
  /** What ext4 keeps, in percent of the file system. It is ext4's own default. */
  percent: 5,
} as const;
