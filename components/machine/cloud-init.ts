import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { UserError } from "../user-error";
import { checkParts } from "./check-parts";
import {
  ARCHIVE,
  FIRST_BOOT,
  FIRST_BOOT_UNIT,
  firstBootScript,
  firstBootUnit,
  setupPath,
} from "./first-boot";
import type { MachineFile, MachinePart } from "./part";
import { type TarEntry, tar } from "./tar";

/** The most user data that Hetzner takes for a server. */
export const USER_DATA_LIMIT = 32 * 1024;

/**
 * The user data of a machine. What decides the course of the first boot stays in clear: the script that runs the
 * steps, and its unit. All other files travel in one compressed archive with their owners and modes, because they are
 * five times the limit otherwise; a plan shows each of them as it will lie on the machine (`filesOf`).
 */
export function renderCloudInit(parts: readonly MachinePart[]): string {
  checkParts(parts);
  const archive = packed(entriesOf(parts));
  const userData = `#cloud-config
${stringify(
  {
    // Hetzner hands the keys of its project to root; nobody may come in by password.
    ssh_pwauth: false,
    disable_root: false,
    write_files: [
      { path: ARCHIVE, permissions: "0600", encoding: "b64", content: archive.toString("base64") },
      { path: FIRST_BOOT, permissions: "0700", content: firstBootScript(parts) },
      { path: `/etc/systemd/system/${FIRST_BOOT_UNIT}`, permissions: "0644", content: firstBootUnit() },
    ],
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", FIRST_BOOT_UNIT],
      ["systemctl", "start", "--no-block", FIRST_BOOT_UNIT],
    ],
  },
  { lineWidth: 0 },
)}`;
  if (Buffer.byteLength(userData) > USER_DATA_LIMIT) throw new UserError(tooLarge(userData, parts));
  return userData;
}

/** Every file that the first boot lays down, the parts' setups among them: what a plan shows. */
export function filesOf(parts: readonly MachinePart[]): MachineFile[] {
  const setups = parts.flatMap((part, position): MachineFile[] =>
    part.setup === undefined
      ? []
      : [{ path: setupPath(part, position), content: `${part.setup.trimEnd()}\n`, mode: "0700" }],
  );
  return [...parts.flatMap((part) => part.files ?? []), ...setups];
}

/**
 * The renewable files of a machine, in the form that `trellis-renew-certificates` reads on it: an archive like that of
 * the first boot, in base64.
 */
export function certificateBundle(parts: readonly MachinePart[]): string {
  const renewable = filesOf(parts).filter((file) => file.renewable);
  return packed(renewable.map(fileEntry)).toString("base64");
}

function entriesOf(parts: readonly MachinePart[]): TarEntry[] {
  const directories = parts.flatMap((part) => part.directories ?? []);
  return [
    ...directories.map(({ path, mode = "0755", owner = "root:root" }) => ({ path, mode, owner })),
    ...filesOf(parts).map(fileEntry),
  ];
}

function fileEntry({ path, content, mode = "0644", owner = "root:root" }: MachineFile): TarEntry {
  return { path, content, mode, owner };
}

/** The byte of gzip's header that names the system it was made on; "unknown", so that it is the same everywhere. */
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
    `The user data of a server is ${Buffer.byteLength(userData)} bytes; Hetzner takes at most ${USER_DATA_LIMIT}.`,
    "Its largest files, compressed:",
    ...largest.map(({ path, bytes }) => `  ${bytes} bytes  ${path}`),
  ].join("\n");
}
