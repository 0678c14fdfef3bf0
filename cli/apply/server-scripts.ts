import { readFileSync } from "node:fs";
import { PROGRAM_FUNCTIONS, unpackScript } from "../../components/servers";
import { tar } from "../../components/shared/tar";
import { commandsFor } from "./effects";
import { type MachineState, packedFiles } from "./machine-state";
import type { FirstBoot } from "./outputs";
import type { ServerChange } from "./plan";

const read = (name: string) => readFileSync(new URL(`./server/${name}.sh`, import.meta.url), "utf8");

/** Where a change is staged on a server; `server/change.sh` describes what is in it. */
export const STAGE = "/var/lib/trellis/apply";
export const UNIT = "trellis-apply.service";
export const OUTCOME = "/run/trellis-apply/outcome";

/** The input of bash on a server that prints its state. */
export function inspection(paths: readonly string[]): string {
  return `${read("health")}\n${read("inspect")}\ninspect ${paths.map((path) => `'${path}'`).join(" ")}\n`;
}

/** The input of bash on a server that prints why it is not healthy. */
export const healthCheck = (): string => `${read("health")}\nunhealthy\n`;

/** Starts the unit that changes a server, or that puts back what an interrupted change left. */
export const startOf = (verb: "change" | "restore"): string =>
  `rm -rf ${OUTCOME} ${STAGE}.done && systemd-run --quiet --collect --unit=${UNIT} bash ${STAGE}/change.sh ${verb}`;

/** The command on a server that takes {@link staged} and unpacks the files as the first boot does. */
export const RECEIVE = `umask 077 && rm -rf ${STAGE}.done && mkdir -p ${STAGE} && tar -xf - -C ${STAGE} && cd ${STAGE} && if [ -e files.b94 ]; then python3 unpack.py files.b94 files.tar.gz; fi`;

/** The folder of a change, as an archive. It contains secrets. */
export function staged(change: ServerChange, wanted: MachineState, boot: FirstBoot): Buffer {
  const relative = (paths: readonly string[]) => paths.map((path) => `${path.slice(1)}\n`).join("");
  const setups = [...wanted.entries.keys()].filter((path) => path.startsWith("/var/lib/trellis/setup/"));
  const files = {
    "change.sh": read("change"),
    "effects.sh": `${read("health")}\n${read("await")}\nlog() { echo "$*"; }\n${commandsFor(change.effects, setups)}await_health\n`,
    "fetch.sh": fetching(change),
    write: relative(change.write),
    remove: relative(change.remove),
    programs: relative(change.fetch.map(({ path }) => path)),
    "unpack.py": unpackScript(),
    "files.b94": packedFiles(boot.userData),
  };
  return archiveOf(files);
}

/** The script alone, for a server whose folder is there already. */
export const restoring = (): Buffer => archiveOf({ "change.sh": read("change") });

const archiveOf = (files: Readonly<Record<string, string>>) =>
  tar(
    Object.entries(files).map(([name, content]) => ({
      path: `/${name}`,
      mode: "0600",
      owner: "root:root",
      content,
    })),
  );

/** Fetches programs with the functions of the first boot, but to the staging folder. */
function fetching({ fetch }: ServerChange): string {
  if (fetch.length === 0) return "";
  const lines = fetch.map(({ path, line }) => {
    const target = `${STAGE}/new${path}`;
    return `mkdir -p "$(dirname ${target})"\n${line.replace(`place ${path} `, `place ${target} `)}\n`;
  });
  return `state=${STAGE}\nlog() { echo "$*"; }\n${PROGRAM_FUNCTIONS}\nmkdir -p "$state/downloads"\n${lines.join("")}`;
}
