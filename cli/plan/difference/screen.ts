import type { Palette } from "../../shared/palette";
import type { Difference } from "./difference";
import { isSame } from "./difference";

/** The most lines of one list; the rest is counted. */
const MOST = 12;

/** What a change does, in words first and then by name. */
export function differenceScreen(
  difference: Difference,
  { from, to }: { readonly from: string; readonly to: string },
  palette: Palette,
): string {
  const { created, changed, removed } = difference;
  const lists = [
    ["created", created],
    ["changed in place", changed],
    ["removed", removed],
  ] as const;
  const details = lists
    .filter(([, list]) => list.length > 0)
    .map(([title, list]) =>
      [
        palette.bold(`${title} (${list.length})`),
        ...list.slice(0, MOST).map((each) => `  ${each}`),
        ...(list.length > MOST ? [palette.dim(`  and ${list.length - MOST} more`)] : []),
      ].join("\n"),
    );
  const said = isSame(difference) ? ["Nothing changes."] : sentences(difference);
  return `${[[palette.bold(`${from} → ${to}`), ...said].join("\n"), ...details].join("\n\n")}\n`;
}

/** The consequences that people ask for, the gravest first. */
export function sentences({ servers, restarted, created, changed, removed, euros }: Difference): string[] {
  const list = (names: readonly string[]) => names.join(", ");
  const of = (names: readonly string[], one: string, many: string) =>
    names.length === 0 ? [] : [`${names.length === 1 ? one : `${names.length} ${many}`}: ${list(names)}.`];
  const stateful = removed.filter((each) =>
    /^(StatefulSet|PersistentVolumeClaim|Namespace|Volume) /.test(each),
  );
  return [
    ...of(servers.removed, "One server is deleted", "servers are deleted"),
    ...of(
      servers.rebuilt,
      "One server is rebuilt with an empty disk",
      "servers are rebuilt with empty disks",
    ),
    ...of(
      servers.resized,
      "One server changes its type and restarts",
      "servers change their type and restart",
    ),
    ...of(servers.created, "One server is created", "servers are created"),
    ...of(
      servers.outdated,
      "The first boot of one server changes; it keeps running",
      "servers would boot differently; they keep running",
    ),
    ...of(stateful, "What holds data is removed", "objects that hold data are removed"),
    ...restarted.map(restartOf),
    ...counted(created.length, changed.length, removed.length),
    ...(euros && euros.before !== euros.after
      ? [
          `€ ${Math.abs(euros.after - euros.before).toFixed(2)} ${euros.after > euros.before ? "more" : "less"} a month: € ${euros.after.toFixed(2)}.`,
        ]
      : []),
  ];
}

/** How the pods of a workload are replaced. */
function restartOf(label: string): string {
  const [kind, name] = label.split(" ");
  if (label === "StatefulSet postgres/postgres") return "PostgreSQL restarts member by member.";
  if (kind === "StatefulSet") return `${name} restarts pod by pod.`;
  if (kind === "DaemonSet") return `${name} restarts server by server.`;
  return `${name} gets new pods before the old ones end.`;
}

function counted(created: number, changed: number, removed: number): string[] {
  const parts = [
    ...(created > 0 ? [`${created} created`] : []),
    ...(changed > 0 ? [`${changed} changed in place`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ];
  return parts.length === 0 ? [] : [`Further resources: ${parts.join(", ")}.`];
}
