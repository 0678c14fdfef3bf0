import type { MachineBinary, MachinePart } from "./part";

/** The directory for the archive, the setup scripts and the mark that the first boot is done. */
export const STATE = "/var/lib/trellis";
export const ARCHIVE = `${STATE}/files.tar.gz`;
/** The files as text, as the user data contains them; `unpack.py` makes the archive of it. */
export const ARCHIVE_TEXT = `${STATE}/files.b94`;
export const FIRST_BOOT = "/usr/local/lib/trellis/first-boot";
export const FIRST_BOOT_UNIT = "/etc/systemd/system/trellis-first-boot.service";

/** The path of a part's setup script on the machine. The number shows the order. */
export function setupPath(part: MachinePart, position: number): string {
  return `${STATE}/setup/${String(position + 1).padStart(2, "0")}-${part.name}`;
}

/**
 * Runs the first-boot script until it succeeds once. A machine that loses its network or is switched off during the
 * first boot continues by itself. The attempts are one start of the unit, so that systemd reports the machine as
 * starting between them (`systemctl is-system-running`) and not as running.
 */
export function firstBootUnit(): string {
  return `[Unit]
Description=Trellis: make this machine what its settings say
Wants=network-online.target
After=network-online.target
ConditionPathExists=!${STATE}/ready
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'until ${FIRST_BOOT}; do sleep 30; done'
Restart=on-failure
RestartSec=30
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`;
}

const RETRY = `# retry WHAT COMMAND: six attempts, with pauses from 5 to 80 seconds.
retry() {
  what=$1
  shift
  log "$what"
  pause=5
  attempt=1
  until "$@"; do
    [ "$pause" -le 80 ] || return 1
    attempt=$((attempt + 1))
    log "$what, attempt $attempt in $pause seconds"
    sleep "$pause"
    log "$what, attempt $attempt"
    pause=$((pause * 2))
  done
}
`;

const PLACE = `has_digest() { printf '%s  %s\\n' "$2" "$1" | sha256sum --check --status 2>/dev/null; }

# place PATH URL SHA256 [MEMBER]: downloads, checks, and only then lays down a program.
place() {
  download=$state/downloads/$3
  if ! has_digest "$download" "$3"; then
    retry "fetching \${1##*/}" curl --fail --silent --show-error --location --proto '=https' --connect-timeout 15 --max-time 900 \\
      --output "$download.part" "$2"
    if ! has_digest "$download.part" "$3"; then
      log "REFUSED $2: its sha256 is $(sha256sum "$download.part" | cut -d ' ' -f 1) and not $3"
      rm -f "$download.part"
      return 1
    fi
    mv "$download.part" "$download"
  fi
  if [ "$#" -eq 4 ]; then
    tar -xzOf "$download" "$4" >"$1.new"
  else
    cp "$download" "$1.new"
  fi
  chmod 0755 "$1.new"
  mv -f "$1.new" "$1"
}
`;

/**
 * The shell functions that fetch programs. They use `$state`, the folder with `downloads`, and `log`. `trellis apply` uses
 * the same ones.
 */
export const PROGRAM_FUNCTIONS = `${RETRY}\n${PLACE}`;

/** What a first-boot script brings on a machine besides files. */
export interface Installed {
  readonly users: readonly string[];
  readonly packages: readonly string[];
  readonly programs: readonly Program[];
}

export interface Program {
  readonly path: string;
  readonly url: string;
  readonly sha256: string;
  /** The line of the script that fetches it. */
  readonly line: string;
}

/** Reads what {@link firstBootScript} wrote, on a machine or in its user data. */
export function installedBy(script: string): Installed {
  const all = (form: RegExp) => [...script.matchAll(form)];
  return {
    users: all(/^id -u (\S+) /gm).map(([, user = ""]) => user),
    packages: all(/^for package in (.*); do$/gm).flatMap(([, names = ""]) => names.split(" ")),
    programs: all(/^place (\S+) '(\S+)' ([0-9a-f]{64})(?: '\S+')?$/gm).map(
      ([line, path = "", url = "", sha256 = ""]) => ({ path, url, sha256, line }),
    ),
  };
}

/** The script that turns Ubuntu into a machine of the cluster. It stops at the first failure and can run again. */
export function firstBootScript(parts: readonly MachinePart[]): string {
  const users = unique(parts.flatMap((part) => part.users ?? []));
  const packages = unique(parts.flatMap((part) => part.packages ?? []));
  const binaries = parts.flatMap((part) => part.binaries ?? []);
  const before = parts.flatMap((part) => part.before ?? []);
  const setups = parts.flatMap((part, position) =>
    part.setup === undefined ? [] : [{ name: part.name, path: setupPath(part, position) }],
  );
  return `#!/bin/sh
# Makes this machine what its settings say. Safe to run again: its service does so until it has ended well once.
# Watch it with: journalctl -fu trellis-first-boot
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive
state=${STATE}
policy=/usr/sbin/policy-rc.d
step=start

log() { printf 'trellis: %s\\n' "$*"; }
begin() {
  step=$1
  log "$step"
}
ended() {
  status=$?
  rm -f "$policy"
  [ "$status" -eq 0 ] || log "FAILED in '$step' with exit code $status; what it said stands above. It is tried again in 30 seconds."
}
trap ended EXIT

${RETRY}
early() { (cd / && printf '%s\\n' "$@" | sed 's|^/||' | tar -xzf ${ARCHIVE} -T -); }

${PLACE}
[ ! -e "$state/ready" ] || {
  log "ready since $(cat "$state/ready"); to begin again, remove $state/ready"
  exit 0
}
mkdir -p "$state/downloads"
${before.map((commands) => `{\n${commands}\n} || log "an early step failed; the first boot does not need it"\n`).join("")}${section("system users", users.map(userLine))}${section("packages", packageLines(packages))}${section("programs", binaries.map(binaryLine))}
begin 'files'
tar -xzf ${ARCHIVE} -C /
systemctl daemon-reload
${setups.map(({ name, path }) => `\nbegin '${name}'\nsh -eu ${path}\n`).join("")}
step=end
rm -rf "$state/downloads"
date -u +%Y-%m-%dT%H:%M:%SZ >"$state/ready"
log 'ready'
`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length > 0 ? `\nbegin '${title}'\n${lines.join("\n")}\n` : "";
}

function userLine(user: string): string {
  return `id -u ${user} >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${user}`;
}

function packageLines(packages: readonly string[]): string[] {
  if (packages.length === 0) return [];
  return [
    "install_packages() {",
    "  # Packages that a loss of power left half installed; where this fails, apt repairs the rest.",
    "  dpkg --configure -a --force-confdef --force-confold || :",
    "  # Without --error-on=any apt reports success when a mirror answers 503.",
    "  # shellcheck disable=SC2086 # a list of names",
    "  apt-get update --error-on=any &&",
    "    apt-get install -y --fix-broken --no-install-recommends -o DPkg::Lock::Timeout=300 $missing",
    "}",
    "missing=",
    `for package in ${packages.join(" ")}; do`,
    `  dpkg-query --show --showformat '\${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"`,
    "done",
    'if [ -n "$missing" ]; then',
    "  # Services wait for their setup: nothing that a package brings starts with its own configuration.",
    `  printf '#!/bin/sh\\nexit 101\\n' >"$policy"`,
    '  chmod 0755 "$policy"',
    "  retry 'installing packages' install_packages",
    '  rm -f "$policy"',
    "fi",
  ];
}

function binaryLine({ path, url, sha256, member }: MachineBinary): string {
  return ["place", path, `'${url}'`, sha256, ...(member === undefined ? [] : [`'${member}'`])].join(" ");
}

const unique = (names: readonly string[]) => [...new Set(names)];
