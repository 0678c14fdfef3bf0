import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { BuiltImageArgs } from "../../../shared/images";
import { isPinned, pinnedImage } from "../../../shared/pinned-image";
import { versions } from "../../../shared/versions";

/** Build arguments of the members' image. */
export function postgresImage({
  upgradeFrom,
  ...args
}: Pick<BuiltImageArgs, "repository" | "architectures"> & {
  /** The former major release, which the image gets too. @default none: the image has one release */
  readonly upgradeFrom?: number | undefined;
}): BuiltImageArgs {
  const folder = join(import.meta.dirname, "member");
  return {
    ...args,
    context: folder,
    dockerfile: join(folder, "Dockerfile"),
    buildArgs: {
      POSTGRES_VERSION: versions.postgres.version,
      // Without a digest, the Dockerfile's own default is the same image.
      ...(isPinned(versions.postgres) && { POSTGRES_IMAGE: pinnedImage(versions.postgres) }),
      PATRONI_VERSION: versions.patroni.version,
      PGBACKREST_VERSION: versions.pgbackrest.version,
      PGBOUNCER_VERSION: versions.pgbouncer.version,
      ...(upgradeFrom !== undefined && { FORMER_MAJOR: String(upgradeFrom) }),
    },
  };
}

/** Build arguments of the image for base backups and recovery: the members' image with the jobs in it. */
export function recoveryImage({
  postgres,
  jobs,
  ...args
}: Pick<BuiltImageArgs, "repository" | "architectures"> & {
  readonly postgres: pulumi.Input<string>;
  readonly jobs: pulumi.Input<string>;
}): BuiltImageArgs {
  const folder = join(import.meta.dirname, "recovery");
  return {
    ...args,
    context: folder,
    dockerfile: join(folder, "Dockerfile"),
    buildArgs: { POSTGRES_IMAGE: postgres, JOBS_IMAGE: jobs },
  };
}
