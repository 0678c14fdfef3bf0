import { Document, isMap, visit } from "yaml";
import type { DatabaseAddress } from "../../shared";
import { ASSIGNMENTS_FILE, assignmentsJsonSchema, MODEL_FILE, modelJsonSchema } from "../model";
import type { WrittenDataset } from "./datasets";

const MODEL_SCHEMA = "model.schema.json";
const ASSIGNMENTS_SCHEMA = "dsg_platform_mapping.schema.json";

export interface ModelNames {
  readonly store: string;
  readonly team: string;
  readonly credential: string;
}

/** Two platforms, as in our example: one keeps what is true now, the other every version. */
const PLATFORMS = [
  { name: "Live", milestoning: "live_only", group: "Now", retention: "LIVE_ONLY" },
  { name: "Forensic", milestoning: "batch_milestoned", group: "History", retention: "FORENSIC" },
] as const;

const WORKSPACE = "Consumers";

/** The files of a model of one store, by name. */
export function modelFiles(
  { store, team, credential }: ModelNames,
  { host, port, database }: Pick<DatabaseAddress, "host" | "port" | "database">,
  schema: string,
  datasets: readonly WrittenDataset[],
): ReadonlyMap<string, string> {
  const sinks = datasets.map(({ name }) => ({ store, dataset: name }));
  const model = {
    ecosystem: store,
    provider: {
      name: "DataSurface",
      namespace: "datasurface",
      mergeDatabase: "datasurface_merge",
      mergeCredential: "merge",
      gitCredential: "git",
    },
    zones: [{ name: "Main", teams: [team] }],
    platforms: PLATFORMS.map(({ name, milestoning }) => ({ name, milestoning })),
    stores: [
      {
        name: store,
        team,
        capture: {
          kind: "sql_snapshot",
          consistency: "MULTI_DATASET",
          credential,
          source: { host, port, database, schema },
          trigger: { cron: "*/10 * * * *" },
        },
        datasets,
      },
    ],
    workspaces: [
      {
        name: WORKSPACE,
        team,
        groups: PLATFORMS.map(({ group, retention }) => ({ name: group, retention, sinks })),
      },
    ],
  };
  const assignments = PLATFORMS.map(({ name, group }) => ({
    dsgName: group,
    workspace: WORKSPACE,
    assignments: [{ dataPlatform: name, status: "PROVISIONED" }],
  }));
  return new Map([
    [MODEL_FILE, `# yaml-language-server: $schema=./${MODEL_SCHEMA}\n${readable(model)}`],
    [ASSIGNMENTS_FILE, indented(assignments)],
    [MODEL_SCHEMA, indented(modelJsonSchema())],
    [ASSIGNMENTS_SCHEMA, indented(assignmentsJsonSchema())],
  ]);
}

const indented = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** YAML in which small maps, such as columns and sinks, take one line. */
function readable(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Map(key, node, path) {
      const parent = path.at(-1);
      const isItem = key !== null && parent !== undefined && !isMap(parent);
      if (isItem && node.items.every(({ value: inner }) => !isMap(inner) && !("items" in Object(inner)))) {
        node.flow = true;
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}
