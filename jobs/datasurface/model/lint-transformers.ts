import { canBeShifted, canBeToken } from "./derived-store";
import type { Ecosystem } from "./model";
import type { Dataset, Store } from "./schema";
import type { Transformer, Treatment } from "./transformer";

type Made = Transformer["datasets"][number];

/** Checks transformers against the stores that they read and the workspaces that read them. */
export function lintTransformers(ecosystem: Ecosystem): string[] {
  const teams = new Set(ecosystem.zones.flatMap((zone) => zone.teams));
  return ecosystem.transformers.flatMap((transformer) => {
    const path = `transformers.${transformer.name}`;
    return [
      ...(teams.has(transformer.team)
        ? []
        : [`${path}.team: no zone has a team ${transformer.team}; there are ${list(teams)}`]),
      ...lintKey(path, transformer),
      ...lintSource(path, transformer, ecosystem),
    ];
  });
}

function lintKey(path: string, { kind, key, datasets }: Transformer): string[] {
  const treatments = datasets.flatMap(({ columns }) => Object.values(columns));
  const needsKey = treatments.some((each) => !["redact", "keep", "drop"].includes(nameOf(each)));
  if (kind === "select") {
    return key === undefined
      ? []
      : [`${path}.key: kind select changes no value; leave the key out, or set kind: mask`];
  }
  if (needsKey && key === undefined)
    return [`${path}.key: is required by hash, token and shift: the name of a secret`];
  if (!needsKey && key !== undefined) return [`${path}.key: no column uses it; leave it out`];
  return [];
}

function lintSource(path: string, transformer: Transformer, ecosystem: Ecosystem): string[] {
  const { stores, transformers } = ecosystem;
  const from = stores.find(({ name }) => name === transformer.from);
  if (!from) {
    const made = transformers.some(({ name }) => name === transformer.from);
    return [
      made
        ? `${path}.from: ${transformer.from} is made by a transformer itself; read the store that it reads`
        : `${path}.from: there is no store ${transformer.from}; there are ${list(stores.map(({ name }) => name))}`,
    ];
  }
  return transformer.datasets.flatMap((made) => {
    const here = `${path}.${made.name}`;
    const wanted = made.from ?? made.name;
    const original = from.datasets.find(({ name }) => name === wanted);
    if (!original) {
      const known = list(from.datasets.map(({ name }) => name));
      return [`${here}.from: the store ${from.name} has no dataset ${wanted}; it has ${known}`];
    }
    return [
      ...lintColumns(here, transformer, made, original),
      ...lintIdentity(here, made, original),
      ...lintReaders({ transformer, made, from, original }, ecosystem),
    ];
  });
}

function lintColumns(path: string, { kind }: Transformer, made: Made, original: Dataset): string[] {
  const columns = new Map(original.columns.map((column) => [column.name, column]));
  const given = Object.entries(made.columns);
  return [
    ...(given.every(([, treatment]) => treatment === "drop")
      ? [`${path}.columns: every column would be dropped; name those of the copy`]
      : []),
    ...given.flatMap(([name, treatment]) => {
      const here = `${path}.columns.${name}`;
      const column = columns.get(name);
      if (!column)
        return [`${here}: the dataset ${original.name} has no such column; it has ${list(columns.keys())}`];
      const how = nameOf(treatment);
      if (kind === "select" && how !== "keep" && how !== "drop")
        return [`${here}: given ${how}, allowed with kind select: keep, drop; or set kind: mask`];
      if (how === "token" && !canBeToken(column.type)) {
        return [
          `${here}: a column of type ${column.type.sql} cannot be a token; allowed: smallint, integer, bigint, numeric, varchar, char, text, uuid; use hash`,
        ];
      }
      return typeof treatment === "object" ? lintShift(here, treatment.shift.by, column, columns) : [];
    }),
  ];
}

function lintShift(
  path: string,
  by: string,
  { type }: Dataset["columns"][number],
  columns: ReadonlyMap<string, Dataset["columns"][number]>,
): string[] {
  const person = columns.get(by);
  return [
    ...(canBeShifted(type)
      ? []
      : [`${path}: a column of type ${type.sql} cannot be shifted; allowed: date, timestamp, timestamptz`]),
    ...(person ? [] : [`${path}.shift.by: the dataset has no column ${by}; it has ${list(columns.keys())}`]),
    ...(person && !canBeToken(person.type)
      ? [
          `${path}.shift.by: ${by} is ${person.type.sql}; allowed: a smallint, integer, bigint, numeric, varchar, char, text or uuid`,
        ]
      : []),
  ];
}

/** A copy has as many rows as its original, so what tells two rows apart must tell two copies apart. */
function lintIdentity(path: string, made: Made, original: Dataset): string[] {
  const keyed = original.columns.filter(({ key }) => key);
  const identity = keyed.length > 0 ? keyed : original.columns;
  return identity.flatMap(({ name }) => {
    const how = nameOf(Object.hasOwn(made.columns, name) ? (made.columns[name] ?? "drop") : "drop");
    if (how === "hash" || how === "token" || how === "keep") return [];
    const why =
      keyed.length > 0
        ? "it is part of the key"
        : `${original.name} has no key, so that the whole row identifies it`;
    return [`${path}.columns.${name}: given ${how}, allowed: token, hash, keep: ${why}`];
  });
}

interface Copy {
  readonly transformer: Transformer;
  readonly made: Made;
  readonly from: Store;
  readonly original: Dataset;
}

/**
 * A copy never widens who may read the original. A workspace of the copy is not one of the original as well, because
 * its readers read all its groups; and values in clear go to readers of the original only.
 */
function lintReaders({ transformer, made, from, original }: Copy, { workspaces }: Ecosystem): string[] {
  const copy = `${transformer.name}/${made.name}`;
  const source = `${from.name}/${original.name}`;
  const sinksOn = (store: string, dataset: string) => (workspace: Ecosystem["workspaces"][number]) =>
    workspace.groups.some(({ sinks }) =>
      sinks.some((sink) => sink.store === store && sink.dataset === dataset),
    );
  const readsOriginal = sinksOn(from.name, original.name);
  const mayRead = new Set(workspaces.filter(readsOriginal).flatMap(({ readers }) => readers));
  const clear = original.columns.filter(
    ({ name, classification }) =>
      Object.hasOwn(made.columns, name) &&
      made.columns[name] === "keep" &&
      (transformer.kind === "select" || classification !== undefined),
  );
  return workspaces.filter(sinksOn(transformer.name, made.name)).flatMap((workspace) => {
    const path = `workspaces.${workspace.name}`;
    const strangers = workspace.readers.filter((reader) => !mayRead.has(reader));
    return [
      ...(transformer.kind === "mask" && readsOriginal(workspace)
        ? [
            `${path}: it has sinks on ${copy} and on ${source}, and its readers read both: give the masked copy a workspace of its own`,
          ]
        : []),
      ...(clear.length > 0 && strangers.length > 0
        ? [
            `${path}.readers: ${list(strangers)} may not read ${source}, and ${copy} shows ${list(clear.map(({ name }) => name))} in clear: ` +
              "mask or drop these columns, or leave the readers out",
          ]
        : []),
    ];
  });
}

const nameOf = (treatment: Treatment) => (typeof treatment === "object" ? "shift" : treatment);

const list = (names: Iterable<string>) => [...names].join(", ") || "none";
