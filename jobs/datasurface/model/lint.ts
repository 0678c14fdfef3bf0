import { canBeKey } from "./column-type";
import { storesOf } from "./derived-store";
import { lintTransformers } from "./lint-transformers";
import type { AnyStore, Model } from "./model";
import { belongingTo, datasetTables, streamKey, viewNames } from "./names";
import type { Store } from "./schema";

/** PostgreSQL's limit is 1600; ingestion adds two columns, and staging one. */
const MOST_COLUMNS = 1500;

/** Checks the parts of a model against each other; returns all problems, each with its path. */
export function lint({ ecosystem, assignments }: Model): string[] {
  const teams = new Set(ecosystem.zones.flatMap((zone) => zone.teams));
  const all = storesOf(ecosystem);
  const stores = new Map(all.map((store) => [store.name, store]));
  const unknownTeam = (path: string, team: string) =>
    teams.has(team) ? [] : [`${path}.team: no zone has a team ${team}; there are ${list(teams)}`];

  return [
    ...repeated(
      "zones",
      ecosystem.zones.map((zone) => zone.name),
    ),
    ...repeated(
      "teams of the zones",
      ecosystem.zones.flatMap((zone) => zone.teams),
    ),
    ...repeated(
      "platforms",
      ecosystem.platforms.map((platform) => platform.name),
    ),
    ...repeated(
      "stores",
      [...ecosystem.stores, ...ecosystem.transformers].map((store) => store.name),
    ),
    ...repeated(
      "workspaces",
      ecosystem.workspaces.map((workspace) => workspace.name),
    ),
    ...ecosystem.stores.flatMap((store) => [
      ...unknownTeam(`stores.${store.name}`, store.team),
      ...lintTables(store),
      ...lintChanges(store),
    ]),
    ...all.flatMap(lintDatasets),
    ...lintTransformers(ecosystem),
    ...ecosystem.workspaces.flatMap((workspace) => {
      const path = `workspaces.${workspace.name}`;
      return [
        ...unknownTeam(path, workspace.team),
        ...repeated(
          `${path}.groups`,
          workspace.groups.map((group) => group.name),
        ),
        ...workspace.groups.flatMap((group) => [
          ...repeated(
            `${path}.${group.name}.sinks`,
            group.sinks.map((sink) => `${sink.store}/${sink.dataset}`),
          ),
          ...group.sinks.flatMap((sink) => lintSink(`${path}.${group.name}`, sink, stores)),
        ]),
      ];
    }),
    ...lintAssignments({ ecosystem, assignments }),
    ...lintDerivedNames({ ecosystem, assignments }),
  ];
}

function lintTables(store: Store): string[] {
  const path = `stores.${store.name}`;
  const names = store.datasets.map((dataset) => dataset.name);
  const mapped = Object.keys(store.capture.tables);
  const unmapped = mapped.length > 0 ? names.filter((name) => !mapped.includes(name)) : [];
  return [
    ...unmapped.map(
      (name) => `${path}.capture.tables: names some tables but not that of ${name}; name all or none`,
    ),
    ...mapped
      .filter((name) => !names.includes(name))
      .map(
        (name) => `${path}.capture.tables.${name}: the store has no dataset ${name}; it has ${list(names)}`,
      ),
  ];
}

/** The log tells which row changed by its key. */
function lintChanges({ name, capture, datasets }: Store): string[] {
  const path = `stores.${name}`;
  if (capture.kind !== "sql_changes") {
    return capture.publication === undefined
      ? []
      : [`${path}.capture.publication: only a store of kind sql_changes reads one`];
  }
  return datasets
    .filter(({ columns }) => !columns.some(({ key }) => key))
    .map(
      (dataset) =>
        `${path}.${dataset.name}: has no key, and the changes of sql_changes are found by it; name its key`,
    );
}

function lintDatasets(store: AnyStore): string[] {
  const path = `stores.${store.name}`;
  return [
    ...repeated(
      `${path}.datasets`,
      store.datasets.map((dataset) => dataset.name),
    ),
    ...store.datasets.flatMap((dataset) => {
      const here = `${path}.${dataset.name}`;
      return [
        ...repeated(
          `${here}.columns`,
          dataset.columns.map((column) => column.name),
        ),
        ...(dataset.columns.every(({ retired }) => retired)
          ? [`${here}.columns: all are retired; leave the dataset out of the store instead`]
          : []),
        ...(dataset.columns.length > MOST_COLUMNS
          ? [`${here}.columns: ${dataset.columns.length} columns; allowed: at most ${MOST_COLUMNS}`]
          : []),
        ...dataset.columns.flatMap((column) => [
          ...(column.key && column.nullable === true
            ? [`${here}.${column.name}: a column of the key cannot be nullable`]
            : []),
          ...(column.key && column.retired
            ? [`${here}.${column.name}: a column of the key cannot be retired; give the dataset another name`]
            : []),
          ...(column.key && !canBeKey(column.type)
            ? [
                `${here}.${column.name}: a column of type ${column.type.sql} cannot be part of the key: it has no equality`,
              ]
            : []),
        ]),
      ];
    }),
  ];
}

function lintSink(
  path: string,
  sink: { store: string; dataset: string; deprecations: string },
  stores: ReadonlyMap<string, AnyStore>,
): string[] {
  const store = stores.get(sink.store);
  if (!store) return [`${path}: there is no store ${sink.store}; there are ${list(stores.keys())}`];
  const dataset = store.datasets.find((each) => each.name === sink.dataset);
  if (!dataset) {
    const names = store.datasets.map((each) => each.name);
    return [`${path}: the store ${sink.store} has no dataset ${sink.dataset}; it has ${list(names)}`];
  }
  if (dataset.deprecated && sink.deprecations === "NEVER") {
    return [
      `${path}: the dataset ${sink.store}/${sink.dataset} is deprecated, and the sink allows no deprecated ones`,
    ];
  }
  return [];
}

function lintAssignments({ ecosystem, assignments }: Model): string[] {
  const serves = { live_only: "LIVE_ONLY", batch_milestoned: "FORENSIC" } as const;
  const label = (each: { workspace: string; dsgName: string }) => `${each.workspace}#${each.dsgName}`;
  return [
    ...repeated("assignments", assignments.map(label)),
    ...assignments.flatMap((assignment) => {
      const path = `assignments.${label(assignment)}`;
      const workspace = ecosystem.workspaces.find((each) => each.name === assignment.workspace);
      if (!workspace) return [`${path}: there is no workspace ${assignment.workspace}`];
      const group = workspace.groups.find((each) => each.name === assignment.dsgName);
      if (!group) return [`${path}: the workspace has no dataset group ${assignment.dsgName}`];
      return [
        ...repeated(
          path,
          assignment.assignments.map((each) => each.dataPlatform),
        ),
        ...assignment.assignments.flatMap(({ dataPlatform }) => {
          const platform = ecosystem.platforms.find((each) => each.name === dataPlatform);
          if (!platform) {
            return [
              `${path}: there is no platform ${dataPlatform}; there are ${list(ecosystem.platforms.map((each) => each.name))}`,
            ];
          }
          return serves[platform.milestoning] === group.retention
            ? []
            : [
                `${path}: the group wants ${group.retention}, and ${dataPlatform} (${platform.milestoning}) serves ${serves[platform.milestoning]}`,
              ];
        }),
      ];
    }),
  ];
}

/** Two different things must never share one table, view or stream, whether by case or by truncation. */
function lintDerivedNames({ ecosystem }: Model): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  const claim = (derived: string, owner: string) => {
    const other = owners.get(derived);
    if (other === undefined) owners.set(derived, owner);
    else if (other !== owner)
      problems.push(`${owner} and ${other} would share the name ${derived}: rename one`);
  };
  for (const platform of ecosystem.platforms) {
    for (const store of storesOf(ecosystem)) {
      for (const dataset of store.datasets) {
        const owner = `${platform.name}/${store.name}/${dataset.name}`;
        const tables = datasetTables(platform.name, store.name, dataset.name);
        claim(tables.staging, owner);
        claim(tables.merge, owner);
        for (const part of ["key", "open", "overlap"]) claim(belongingTo(tables.merge, part), owner);
        claim(`stream ${streamKey(store.name, dataset.name)} of ${platform.name}`, owner);
      }
    }
    for (const workspace of ecosystem.workspaces) {
      for (const group of workspace.groups) {
        for (const { store, dataset } of group.sinks) {
          const names = viewNames({
            platform: platform.name,
            workspace: workspace.name,
            group: group.name,
            store,
            dataset,
          });
          for (const view of Object.values(names)) {
            claim(
              view,
              `the views of ${workspace.name}/${group.name}/${store}/${dataset} on ${platform.name}`,
            );
          }
        }
      }
    }
  }
  return problems;
}

/** Duplicate names, ignoring case: table names are not case-sensitive. */
function repeated(path: string, names: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = names.filter((name) => seen.size === seen.add(name.toLowerCase()).size);
  return [...new Set(twice)].map((name) => `${path}: ${name} occurs more than once`);
}

const list = (names: Iterable<string>) => [...names].join(", ") || "none";
