/**
 * A file on a machine. Its content is text that its reader parses; a secret's content is never world-readable. Lines that
 * are nothing but a comment (`# ...`) are for the plan's readers and do not travel: user data is short of room.
 */
export interface MachineFile {
  readonly path: string;
  readonly content: string;
  /** @default "0644", root's */
  readonly mode?: "0600" | "0640" | "0644" | "0700" | "0755";
  /** `user` or `user:group`. @default "root:root" */
  readonly owner?: string;
  /**
   * A certificate or its key that may be laid down again on a running machine, without a new one: it is then part of
   * the machine's certificate bundle. Whoever reads the file must take up a new one by itself.
   * @default false
   */
  readonly renewable?: boolean;
}

/** A directory that must exist, with these rights, before files are laid into it. */
export interface MachineDirectory {
  readonly path: string;
  /** @default "0755" */
  readonly mode?: "0700" | "0750" | "0755";
  /** `user` or `user:group`. @default "root:root" */
  readonly owner?: string;
}

/** A program fetched once, checked against its digest before anybody runs it. */
export interface MachineBinary {
  readonly path: string;
  readonly url: string;
  readonly sha256: string;
  /** The member to take out, where the download is a tar archive compressed with gzip. */
  readonly member?: string;
}

/**
 * What one program wants of a machine: the unit in which rooms hand their renderings to cloud-init. Parts are laid
 * down in the order given: system users, packages, binaries, directories and files of all parts first, then each
 * part's setup. Services that packages bring do not start by themselves: setups start them, after their files lie.
 */
export interface MachinePart {
  /** Names the part in the order of boot and in error messages, e.g. `etcd`. */
  readonly name: string;
  /** Debian packages. */
  readonly packages?: readonly string[];
  /** System users without a shell. */
  readonly users?: readonly string[];
  readonly binaries?: readonly MachineBinary[];
  readonly directories?: readonly MachineDirectory[];
  readonly files?: readonly MachineFile[];
  /** A shell script (`sh -eu`), safe to run again, that starts what the part brought. */
  readonly setup?: string;
}
