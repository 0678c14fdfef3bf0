import { join } from "node:path";
import type { BuiltImageArgs } from "../image";
import { versions } from "../versions";

/** How the members' image is built. */
export function postgresImage(args: Pick<BuiltImageArgs, "repository" | "architectures">): BuiltImageArgs {
  const folder = join(import.meta.dirname, "image");
  return {
    ...args,
    context: folder,
    dockerfile: join(folder, "Dockerfile"),
    buildArgs: {
      POSTGRES_VERSION: versions.postgres.version,
      PATRONI_VERSION: versions.patroni.version,
      PGBACKREST_VERSION: versions.pgbackrest.version,
      PGBOUNCER_VERSION: versions.pgbouncer.version,
    },
  };
}
