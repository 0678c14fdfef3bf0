import { z } from "zod";
import {
  type Context,
  database,
  flag,
  JobError,
  listening,
  oneOf,
  text,
  toggle,
  variable,
  verb,
  wholeNumber,
} from "../../shared";
import { findBinaries } from "../programs";
import { humanSize } from "../store";
import { makeBaseBackup } from "./base-backup";
import { exportArchiveMetrics } from "./exporter";
import { recover } from "./recover";
import { type Repository, readRepository } from "./repository";
import { archiveSettings, optionalRecordsSetting } from "./settings";
import { describeTarget, parseMoment, showMoment, type Target } from "./target";
import { parsePlace, windows } from "./window";

export const baseVerb = verb({
  name: "base",
  summary: "make a base backup of the whole cluster, from which any later moment can be recovered",
  details:
    "Runs pgBackRest, whose configuration names the members and the repositories. The first one makes the cluster known\n" +
    "to the repositories, and is a full one whatever its type.",
  settings: {
    ...archiveSettings,
    type: flag(
      "--type <type>",
      "full, diff (since the last full one) or incr (since the last of any)",
      oneOf(["full", "diff", "incr"]).default("diff"),
    ),
    upgraded: toggle(
      "--upgraded",
      "after an upgrade to another major release: make the cluster known to its archive again",
    ),
  },
  run: async ({ stanza, repository, type, upgraded }, context) => {
    const made = await makeBaseBackup({ stanza, repository, type, upgraded }, context);
    context.print(`${made.label}: ${made.type}, ${humanSize(made.bytes)} stored, ${made.seconds} s`);
    return "done";
  },
});

const momentSetting = flag(
  "--to <time>",
  "the moment, with its time zone, such as '2026-11-21 10:00:00+00': all that was committed by then",
  z
    .string()
    .transform((given, issues) => {
      const moment = parseMoment(given);
      if (moment) return moment;
      issues.addIssue({
        code: "custom",
        message: "allowed: a time with its zone, such as 2026-11-21 10:00:00+00",
      });
      return z.NEVER;
    })
    .optional(),
  "PITR_TO",
);

export const pitrVerb = verb({
  name: "pitr",
  summary:
    "recover the whole cluster as it was at a moment, in a folder of its own; --list shows which moments",
  details:
    "Restores the newest base backup before the moment, replays the log and promotes, with pgBackRest and PostgreSQL of the\n" +
    "cluster's release, as the user that shall own the data. Never touches the running cluster or its archive. With\n" +
    "--serve the server runs on until it is stopped; without, it is stopped and the folder is ready to be started.",
  settings: {
    ...archiveSettings,
    list: toggle("--list", "show what can be recovered, and do nothing"),
    json: toggle("--json", "the list as JSON, for programs"),
    to: momentSetting,
    toLsn: flag(
      "--to-lsn <place>",
      "a place of the log, such as 0/3000100",
      text()
        .refine((given) => parsePlace(given) !== undefined, "allowed: a place such as 0/3000100")
        .optional(),
    ),
    toName: flag("--to-name <name>", "what pg_create_restore_point was given", text().optional()),
    immediate: toggle("--immediate", "as soon as the backup is whole"),
    latest: toggle("--latest", "all that the archive holds", "PITR_LATEST"),
    into: flag("--into <folder>", "the folder for the data; empty, or new", text().optional(), "PITR_INTO"),
    force: toggle("--force", "let go of what is in the folder; never while a server runs on it"),
    serve: toggle("--serve", "keep the server running until it is stopped"),
    backup: flag("--backup <label>", "begin from this backup, as --list shows it", text().optional()),
    timeline: flag(
      "--timeline <number>",
      "follow this branch of history instead of the newest",
      wholeNumber({ min: 1 }).optional(),
    ),
    binaries: flag(
      "--bin-dir <folder>",
      "folder with `postgres`; without it, it is sought on the PATH",
      text("the path of a folder").optional(),
      "PITR_BIN_DIR",
    ),
    port: variable(
      "PITR_PORT",
      "the port in the name of the socket",
      wholeNumber({ min: 1, max: 65535 }).default(5432),
    ),
  },
  check: (config) => {
    const targets = targetsOf(config);
    if (config.list) return targets.length > 0 ? ["--list recovers nothing: leave the target out"] : [];
    return [
      ...(targets.length === 1
        ? []
        : ["exactly one of --to, --to-lsn, --to-name, --immediate and --latest is required, or --list"]),
      ...(config.into ? [] : ["--into is required: the folder for the data"]),
    ];
  },
  run: async (config, context) => {
    const { stanza, repository } = config;
    if (config.list) {
      const held = await readRepository({ stanza, log: context.log, signal: context.signal }, repository);
      context.print(config.json ? JSON.stringify(listed(held), undefined, 2) : listText(held));
      return "done";
    }
    if (process.getuid?.() === 0)
      throw new JobError("PostgreSQL does not run as root; run this as another user");
    const [target] = targetsOf(config);
    if (!target || !config.into) throw new Error("the settings were checked");
    return recoverTo(target, { ...config, into: config.into }, context);
  },
});

export const serveArchiveMetricsVerb = verb({
  name: "serve-archive-metrics",
  summary: "tell Prometheus how far the archive reaches and how far it is behind, until it is stopped",
  settings: {
    stanza: archiveSettings.stanza,
    repositories: variable(
      "ARCHIVE_REPOSITORIES",
      "how many repositories there are",
      wholeNumber({ min: 1, max: 9 }).default(1),
    ),
    leader: database("ARCHIVE_SERVER", "the leader of PostgreSQL", { database: "postgres" }),
    queueBytes: variable(
      "ARCHIVE_QUEUE_BYTES",
      "bytes of waiting log at which some is let go",
      wholeNumber({ min: 1 }),
    ),
    records: optionalRecordsSetting,
    ...listening("ARCHIVE_METRICS", 9187),
    refreshSeconds: flag(
      "--refresh-seconds <n>",
      "how long a look into the repositories counts",
      wholeNumber({ max: 86_400 }).default(120),
    ),
  },
  run: async (config, context) => {
    await exportArchiveMetrics(config, context);
    return "done";
  },
});

async function recoverTo(
  target: Target,
  config: Omit<Parameters<typeof recover>[0], "target" | "binaries"> & {
    readonly serve: boolean;
    readonly binaries: string | undefined;
  },
  context: Context,
) {
  const binaries = findBinaries(config.binaries);
  const recovery = await recover({ ...config, target, binaries }, context);
  const { server } = recovery;
  const until = recovery.passedTarget
    ? describeTarget(target)
    : `${describeTarget(target)}, after which the archive holds no transaction`;
  context.print(
    [
      `recovered to ${until}; last commit ${recovery.lastCommit ?? "before the backup"}`,
      `timeline ${recovery.timeline}, restored in ${recovery.restoreSeconds} s, replayed in ${recovery.replaySeconds} s`,
      config.serve
        ? `the server listens at ${server.sockets}, port ${config.port}: psql -h ${server.sockets} -p ${config.port} -U postgres`
        : `the server is stopped; its data are in ${config.into}`,
    ].join("\n"),
  );
  if (config.serve) await server.served();
  else await server.stop();
  return "done" as const;
}

function targetsOf(config: {
  readonly to: ReturnType<typeof parseMoment>;
  readonly toLsn: string | undefined;
  readonly toName: string | undefined;
  readonly immediate: boolean;
  readonly latest: boolean;
}): Target[] {
  return [
    ...(config.to ? [{ kind: "time" as const, moment: config.to }] : []),
    ...(config.toLsn === undefined ? [] : [{ kind: "lsn" as const, place: config.toLsn }]),
    ...(config.toName === undefined ? [] : [{ kind: "name" as const, name: config.toName }]),
    ...(config.immediate ? [{ kind: "immediate" as const }] : []),
    ...(config.latest ? [{ kind: "latest" as const }] : []),
  ];
}

function listed({ backups, segments }: Repository) {
  return {
    windows: windows(backups, segments).map(({ from, to, backup }) => ({
      from: from.toISOString(),
      to: to.toISOString(),
      backup: backup.label,
    })),
    backups: backups.map(({ label, type, finishedAt, bytes }) => ({
      label,
      type,
      finishedAt: finishedAt.toISOString(),
      bytes,
    })),
  };
}

function listText({ backups, segments }: Repository): string {
  const found = windows(backups, segments);
  return [
    "recoverable is any moment",
    ...found.map(({ from, to }) => `  from ${showMoment(from)}  to ${showMoment(to)}`),
    ...(found.length === 0 ? ["  of none: there is no base backup with its log"] : []),
    "base backups",
    ...backups.map(
      ({ label, type, finishedAt, bytes }) =>
        `  ${label}  ${type}  ${showMoment(finishedAt)}  ${humanSize(bytes)}`,
    ),
    ...(backups.length === 0 ? ["  none"] : []),
  ].join("\n");
}
