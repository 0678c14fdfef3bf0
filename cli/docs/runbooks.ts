import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ingressCertificateAlerts, logAlerts } from "../../components/cluster";
import { dataAlerts } from "../../components/data";
import { etcdAlerts, haproxyAlerts, serverAlerts } from "../../components/servers";
import { repositoryFile } from "../../components/shared/repository";
import type { AlertRule } from "../../components/shared/workloads";
import { systemAlerts } from "../../components/systems";

const INDEX = "README.md";

/** Every alert that a stack may declare, in the order of the layers. */
export const alertCatalogue = (): AlertRule[] => [
  ...serverAlerts(),
  ...haproxyAlerts(),
  ...etcdAlerts({ members: 3, snapshotEveryHours: 6 }),
  ...ingressCertificateAlerts(),
  ...logAlerts(),
  ...dataAlerts(),
  ...systemAlerts(),
];

/** The index of the runbooks: from the name of an alert and from a symptom to the section to follow. */
export function runbookIndex(repository: string): string {
  const folder = join(repository, "docs", "runbooks");
  const pages = readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== INDEX)
    .sort();
  const rows = (header: readonly string[], cells: readonly (readonly string[])[]) =>
    [header, header.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
  return `# Runbooks

\`npm run docs\` generates this index from the alerts that the program declares and from the pages themselves. Each message of
an alert links to its section, too.

## By symptom

${rows(
  ["symptom", "runbook"],
  pages.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return [symptomOf(name, text), `[${titleOf(text)}](${name})`];
  }),
)}

## By alert

${rows(
  ["alert", "severity", "what it tells", "section"],
  [...alertCatalogue()]
    .sort((a, b) => a.alert.localeCompare(b.alert, "en"))
    .map(({ alert, labels, annotations }) => [
      `\`${alert}\``,
      labels.severity,
      readable(annotations.summary),
      linkOf(annotations.runbook_url),
    ]),
)}
`;
}

function symptomOf(name: string, text: string): string {
  const found = /^- \*\*Symptom:\*\* ((?:.|\n {2})+?)\n- /m.exec(text)?.[1];
  if (!found) throw new Error(`docs/runbooks/${name} does not begin with a symptom`);
  return found.replace(/\s+/g, " ").replaceAll("|", "\\|");
}

const titleOf = (text: string) => text.slice(2, text.indexOf("\n"));

/** A summary with its labels as placeholders: \`{{ $labels.node }}\` becomes \`<node>\`. */
const readable = (summary: string) => summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, "`<$1>`");

function linkOf(url: string): string {
  const { file, section } = repositoryFile(url) ?? { file: "", section: "" };
  const from = file.startsWith("docs/runbooks/") ? basename(file) : `../${basename(file)}`;
  return `[${basename(file, ".md")}: ${section.replaceAll("-", " ")}](${from}#${section})`;
}
