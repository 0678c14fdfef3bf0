import { type Context, type DatabaseAddress, type ObjectStore, withDatabase } from "../../shared";
import { secondsSince } from "../elapsed";
import type { Programs } from "../programs";
import type { Artefact, Manifest } from "../store";
import { drop, nameBeside, restore } from "./restore";
import { countLargeObjects, countRows } from "./snapshot";

interface DrillArgs {
  readonly server: DatabaseAddress;
  readonly store: ObjectStore;
  readonly programs: Programs;
  readonly streams: number;
  readonly manifest: Manifest;
}

interface Drill {
  readonly backup: string;
  readonly good: boolean;
  /** From the first byte read to the last row counted: the time that a full restore would take here. */
  readonly recoverySeconds: number;
  readonly databases: readonly {
    readonly database: string;
    readonly seconds: number;
    readonly rows: number;
    readonly differences: readonly string[];
  }[];
}

/** Restores everything into scratch databases, compares their content with the manifest, and drops them. */
export async function drill({ manifest, ...args }: DrillArgs, context: Context): Promise<Drill> {
  const began = Date.now();
  const databases: Drill["databases"][number][] = [];
  for (const artefact of manifest.databases) databases.push(await tryOut(args, artefact, context));
  return {
    backup: manifest.name,
    good: databases.every(({ differences }) => differences.length === 0),
    recoverySeconds: secondsSince(began),
    databases,
  };
}

async function tryOut(
  args: Omit<DrillArgs, "manifest">,
  artefact: Artefact,
  context: Context,
): Promise<Drill["databases"][number]> {
  const began = Date.now();
  const scratch = nameBeside(artefact.database, "drill");
  const session = { purpose: "the server of the drill", applicationName: "trellis backup" };
  try {
    await restore({ ...args, artefact, into: scratch, force: true, withoutOwners: true }, context);
    const differences = await withDatabase(
      { ...args.server, database: scratch },
      { ...session, signal: context.signal },
      async (database) =>
        compare(artefact, {
          tables: await countRows(database),
          largeObjects: await countLargeObjects(database),
        }),
    );
    return {
      database: artefact.database,
      seconds: secondsSince(began),
      rows: artefact.tables.reduce((sum, { rows }) => sum + rows, 0),
      differences,
    };
  } finally {
    await withDatabase({ ...args.server, database: "postgres" }, session, (database) =>
      drop(database, scratch),
    ).catch((error: unknown) => context.log.warn({ scratch }, `cannot drop ${scratch}: ${String(error)}`));
  }
}

/** The differences between a restored database and its manifest. */
export function compare(
  expected: Pick<Artefact, "tables" | "largeObjects">,
  found: Pick<Artefact, "tables" | "largeObjects">,
): string[] {
  const [wanted, counted] = [rowsByName(expected.tables), rowsByName(found.tables)];
  return [
    ...[...wanted].flatMap(([name, rows]) => {
      const now = counted.get(name);
      if (now === rows) return [];
      return [`${name} has ${now === undefined ? "not been restored" : `${now} rows`}, not ${rows}`];
    }),
    // Unlogged tables in a backup from a replica are restored empty, and the manifest does not count them.
    ...[...counted]
      .filter(([each, rows]) => !wanted.has(each) && rows > 0)
      .map(([each]) => `${each} is not in the manifest`),
    ...(expected.largeObjects === found.largeObjects
      ? []
      : [`${found.largeObjects} large objects, not ${expected.largeObjects}`]),
  ];
}

/** Counts hash partitions as one table: a row may be in another partition in another database. */
function rowsByName(tables: Artefact["tables"]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { schema, name, rows, hashedBy = `${schema}.${name}` } of tables) {
    sums.set(hashedBy, (sums.get(hashedBy) ?? 0) + rows);
  }
  return sums;
}
