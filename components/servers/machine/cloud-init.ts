import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import { Scalar, stringify } from "yaml";
import { base85 } from "../../shared/base85";
import { base94 } from "../../shared/base94";
import { pack } from "../../shared/packed-files";
import { type TarEntry, tar } from "../../shared/tar";
import { UserError } from "../../shared/user-error";
import { checkParts } from "./check-parts";
import {
  ARCHIVE,
  ARCHIVE_TEXT,
  FIRST_BOOT,
  FIRST_BOOT_UNIT,
  firstBootScript,
  firstBootUnit,
  setupPath,
} from "./first-boot";
import type { MachineFile, MachinePart } from "./part";

/** The most bytes of user data that Hetzner accepts for a server. */
export const USER_DATA_LIMIT = 32 * 1024;

/**
 * Renders the user data of a machine: all files in one packed text, with owners and modes, and four commands that
 * unpack the first-boot script and start it. Unpacked the files are twice the limit. A plan shows each file as it will
 * be on the machine (`filesOf`).
 */
export function renderCloudInit(parts: readonly MachinePart[]): string {
  checkParts(parts);
  const files = new Scalar(base94(pack(entriesOf(parts))));
  files.type = "BLOCK_LITERAL"; // where no character has a meaning
  const userData = `#cloud-config
${stringify(
  {
    // Hetzner installs the SSH keys for root. Password logins are off.
    ssh_pwauth: false,
    disable_root: false,
    write_files: [{ path: ARCHIVE_TEXT, permissions: "0600", content: files }],
    runcmd: [
      UNPACK,
      ["tar", "-xzf", ARCHIVE, "-C", "/", ...[FIRST_BOOT, FIRST_BOOT_UNIT].map((path) => path.slice(1))],
      ["systemctl", "enable", basename(FIRST_BOOT_UNIT)],
      ["systemctl", "start", "--no-block", basename(FIRST_BOOT_UNIT)],
    ],
  },
  { lineWidth: 0 },
)}`;
  if (Buffer.byteLength(userData) > USER_DATA_LIMIT) throw new UserError(tooLarge(userData, parts));
  return userData;
}

/**
 * Runs `unpack.py`, which is compressed here. cloud-init itself unpacks nothing denser than gzip in base64; its own
 * Python does.
 */
const UNPACK = `python3 -c 'import base64,zlib;exec(zlib.decompress(base64.b85decode("${compressed(unpackScript())}")))' ${ARCHIVE_TEXT} ${ARCHIVE}`;

/** `unpack.py` without its comments. */
export function unpackScript(): string {
  return readFileSync(new URL("./unpack.py", import.meta.url), "utf8").replace(/^ *#.*\n/gm, "");
}

function compressed(script: string): string {
  return base85(deflateSync(script, { level: 9 }));
}

/** Every file of a machine as it will be on the machine, with the first-boot script. A plan shows these. */
export function filesOf(parts: readonly MachinePart[]): MachineFile[] {
  const setups = parts.flatMap((part, position): MachineFile[] =>
    part.setup === undefined
      ? []
      : [{ path: setupPath(part, position), content: `${part.setup.trimEnd()}\n`, mode: "0700" }],
  );
  return [
    { path: FIRST_BOOT, content: firstBootScript(parts), mode: "0700" } as const,
    { path: FIRST_BOOT_UNIT, content: firstBootUnit() },
    ...setups,
    ...parts.flatMap((part) => part.files ?? []),
  ].map((file) => ({ ...file, content: withoutComments(file.content) }));
}

/** Removes comment lines: a lone `#`, or `#` and a blank. It keeps shebangs and other lines with text after the `#`. */
function withoutComments(content: string): string {
  return content.replace(/^[ \t]*#( .*)?\n/gm, "");
}

/**
 * The renewable files of a machine, in the format that `trellis-renew-certificates` reads on it: a compressed tar
 * archive in base64.
 */
export function certificateBundle(parts: readonly MachinePart[]): string {
  const renewable = filesOf(parts).filter((file) => file.renewable);
  return packed(renewable.map(fileEntry)).toString("base64");
}

/** What the first boot unpacks: the directories and files of a machine. */
export function entriesOf(parts: readonly MachinePart[]): TarEntry[] {
  const directories = parts.flatMap((part) => part.directories ?? []);
  return [
    ...directories.map(({ path, mode = "0755", owner = "root:root" }) => ({ path, mode, owner })),
    ...alikeTogether(filesOf(parts)).map(fileEntry),
  ];
}

/** gzip finds repetitions within 32 KiB. Units next to units and certificates next to certificates save a tenth. */
function alikeTogether(files: readonly MachineFile[]): MachineFile[] {
  const kind = ({ path }: MachineFile) => `${extname(path)} ${path}`;
  return [...files].sort((a, b) => (kind(a) < kind(b) ? -1 : 1));
}

function fileEntry({ path, content, mode = "0644", owner = "root:root" }: MachineFile): TarEntry {
  return { path, content, mode, owner };
}

/** The byte of gzip's header for the operating system. "Unknown" makes the archive the same on every system. */
const SYSTEM_BYTE = { at: 9, unknown: 255 };

function packed(entries: readonly TarEntry[]): Buffer {
  const archive = gzipSync(tar(entries), { level: 9 });
  archive[SYSTEM_BYTE.at] = SYSTEM_BYTE.unknown;
  return archive;
}

const SHOWN = 5;

function tooLarge(userData: string, parts: readonly MachinePart[]): string {
  const largest = filesOf(parts)
    .map(({ path, content }) => ({ path, bytes: gzipSync(content, { level: 9 }).length }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, SHOWN);
  return [
    `The user data of a server is ${Buffer.byteLength(userData)} bytes; Hetzner accepts at most ${USER_DATA_LIMIT}.`,
    "Shorten its largest files (compressed sizes):",
    ...largest.map(({ path, bytes }) => `  ${bytes} bytes  ${path}`),
  ].join("\n");
}
