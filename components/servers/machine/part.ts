/**
 * A file on a machine. A file with a secret must not be world-readable: set its `mode`. Lines that contain only a
 * comment (`# ...`) are removed, because the size of the user data is limited.
 */
export interface MachineFile {
  /** The absolute path. Letters, digits and `@._/-` only; no two parts may have the same path. */
  readonly path: string;
  /** The text, as the first boot writes it but for comment lines. */
  readonly content: string;
  /** The permissions. @default "0644" */
  readonly mode?: "0600" | "0640" | "0644" | "0700" | "0755";
  /** `user` or `user:group`. @default "root:root" */
  readonly owner?: string;
  /**
   * Whether this is a certificate or key that can be replaced on a running machine. It is then part of the machine's
   * certificate bundle. The program that uses the file must reload it by itself.
   * @default false
   */
  readonly renewable?: boolean;
}

/** A directory that must exist with these permissions before files are written to it. */
export interface MachineDirectory {
  /** The absolute path; no two parts may have the same. */
  readonly path: string;
  /** The permissions. @default "0755" */
  readonly mode?: "0700" | "0750" | "0755";
  /** `user` or `user:group`. @default "root:root" */
  readonly owner?: string;
}

/** A program that the first boot downloads. It is installed only if its digest matches. */
export interface MachineBinary {
  /** The absolute path to install it at. */
  readonly path: string;
  /** The https URL of the download. */
  readonly url: string;
  /** The SHA-256 of the download, in hexadecimal digits. The first boot fails if it does not match. */
  readonly sha256: string;
  /** The file to extract if the download is a tar archive (gzip). @default none: the download is the program */
  readonly member?: string;
}

/**
 * Everything that one program needs on a machine, the input of cloud-init. The first boot installs the system users,
 * packages, binaries, directories and files of all parts first, in the given order, and then runs each part's setup.
 * Services from packages do not start when they are installed: the setup starts them when their files exist.
 */
export interface MachinePart {
  /** The part's name, for example `etcd`: in the names of setup scripts, in logs and in error messages. */
  readonly name: string;
  /** Debian packages to install, without recommended ones. @default none */
  readonly packages?: readonly string[];
  /** System users to create, without a shell. @default none */
  readonly users?: readonly string[];
  /** Programs to download. @default none */
  readonly binaries?: readonly MachineBinary[];
  /** Directories to create. @default none */
  readonly directories?: readonly MachineDirectory[];
  /**
   * Shell commands that the first boot runs before all else, when no file of any part exists. `early PATH...` writes
   * files of the machine ahead of time. The first boot goes on where they fail. @default none
   */
  readonly before?: string;
  /** Files to write. @default none */
  readonly files?: readonly MachineFile[];
  /** A shell script (`sh -eu`) that starts the part's services; it must be safe to run again. @default none */
  readonly setup?: string;
}
