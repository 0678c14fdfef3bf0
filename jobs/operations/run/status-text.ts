import type { Category } from "../checks";
import type { Report, ReportedCheck } from "./report";
import { MARKS } from "./text";

type Group = readonly [name: string, prefixes: readonly (Category | `${Category}.${string}`)[]];

/** The groups of the status screen, in its order. A group takes the checks whose ids begin with one of its prefixes. */
const GROUPS: readonly Group[] = [
  ["servers and cluster", ["servers", "kubernetes", "workloads"]],
  ["etcd", ["etcd"]],
  ["PostgreSQL", ["postgres"]],
  ["MinIO", ["objects"]],
  ["backups", ["backups"]],
  ["Airflow", ["systems.airflow"]],
  ["streams", ["systems.streams"]],
  ["rain", ["systems.rain"]],
  ["applications", ["systems.gardenos", "security"]],
  ["alerts that fire", ["alerts"]],
];

/** The checks on what ends: they are shown in a group of their own. */
const EXPIRING = /\.(certificates?|image-age)$/;

export interface StatusGroup {
  readonly name: string;
  readonly checks: readonly ReportedCheck[];
}

export function statusGroups({ checks }: Report): StatusGroup[] {
  const lasting = checks.filter(({ id }) => !EXPIRING.test(id));
  return [
    ...GROUPS.map(([name, prefixes]) => ({
      name,
      checks: lasting.filter(({ id }) => prefixes.some((prefix) => id.startsWith(prefix))),
    })),
    { name: "ends within 30 days", checks: checks.filter(({ id }) => EXPIRING.test(id)) },
  ];
}

/** One line for each group that is well, with its facts; each line that is not well names what to do. */
export function statusText(report: Report): string {
  const lines = statusGroups(report).flatMap(({ name, checks }) => {
    const ill = checks.filter(({ outcome }) => outcome !== "ok" && outcome !== "not applicable");
    const well = checks.filter(({ outcome }) => outcome === "ok");
    const label = name.padEnd(20);
    const head =
      well.length + ill.length === 0
        ? `${MARKS["not applicable"]} ${label} not in this stack`
        : `${ill.length === 0 ? MARKS.ok : MARKS[worst(ill)]} ${label} ${facts(well)}`;
    return [
      head.trimEnd(),
      ...ill.flatMap(({ outcome, title, detail, next, runbook }) => [
        `     ${MARKS[outcome]} ${title}: ${detail}`,
        `          next: ${next}`,
        `          runbook: ${runbook}`,
      ]),
    ];
  });
  return [`${report.at}  score ${report.score}%  ${report.verdict}`, "", ...lines].join("\n");
}

/** What fits on a line of 110 characters beside the label. */
const ROOM = 84;

function facts(well: readonly ReportedCheck[]): string {
  let text = "";
  for (const { detail } of well) {
    const more = text === "" ? detail : `${text}; ${detail}`;
    if (more.length > ROOM) return text === "" ? `${detail.slice(0, ROOM - 1)}…` : text;
    text = more;
  }
  return text;
}

const worst = (ill: readonly ReportedCheck[]) =>
  (["failed", "not checked", "warning"] as const).find((outcome) =>
    ill.some((each) => each.outcome === outcome),
  ) ?? "warning";
