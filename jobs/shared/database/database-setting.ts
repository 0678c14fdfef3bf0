import { readFileSync } from "node:fs";
import { z } from "zod";
import {
  type Declaration,
  oneOf,
  readSettings,
  type Setting,
  text,
  variable,
  wholeNumber,
} from "../command-line";

const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;

export interface DatabaseAddress {
  /** Host name or IP address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
  /** Name of the database to connect to. */
  readonly database: string;
  /** Role to log in as. */
  readonly user: string;
  /** Undefined: the login needs no password. */
  readonly password: string | undefined;
  /**
   * As in libpq; "prefer" accepts an unencrypted connection where the server offers no other. Not given, it is
   * "verify-full", and "prefer" for a server on this machine, to which no network leads.
   */
  readonly sslmode: (typeof SSL_MODES)[number];
  /** The CA certificate (PEM) for "verify-ca" and "verify-full". Undefined: the system's trust store. */
  readonly certificateAuthority: string | undefined;
}

/** Defaults for parts that are not given. */
type DatabaseDefaults = Partial<Pick<DatabaseAddress, "host" | "port" | "database" | "user">>;

/**
 * A database connection from the environment: `<prefix>_URL`, or `<prefix>_HOST`, `_PORT`, `_DATABASE`, `_USER`. As in
 * libpq, a part adds what the URL leaves out, such as the password, so that the URL can be in a ConfigMap. Where both
 * give a part, libpq takes the URL's; here two values that differ are refused, because one of them is a mistake.
 */
export function database(
  prefix: string,
  whose: string,
  defaults: DatabaseDefaults = {},
): Setting<DatabaseAddress> {
  const part = <T>(name: string, what: string, schema: z.ZodType<T>, secret = false) =>
    variable(`${prefix}_${name}`, `${whose}: ${what}`, schema, { secret });
  const withDefault = <T>(schema: z.ZodType<T>, value: T | undefined) =>
    value === undefined ? schema : schema.optional().transform((given) => given ?? value);

  const parts = {
    host: part("HOST", "host name or address", withDefault(text("a host name or address"), defaults.host)),
    port: part("PORT", "port", withDefault(wholeNumber({ min: 1, max: 65535 }), defaults.port ?? 5432)),
    database: part(
      "DATABASE",
      "name of the database",
      withDefault(text("the name of a database"), defaults.database),
    ),
    user: part("USER", "user name", withDefault(text("the name of a user"), defaults.user)),
  };
  const password = part("PASSWORD", "password", z.string().optional(), true);
  const sslmode = part("SSLMODE", `one of ${SSL_MODES.join(", ")}`, oneOf(SSL_MODES).optional());
  const certificateAuthority = part(
    "SSLROOTCERT",
    "file with the certificate authority",
    readableFile.optional(),
  );
  const url = part(
    "URL",
    "postgres://user:password@host:port/database?sslmode=...",
    databaseUrl.optional(),
    true,
  );

  return {
    declares: declarations(prefix, whose, defaults),
    read: (inputs) => {
      const beside = readSettings({ password, sslmode, certificateAuthority }, inputs);
      const address = url.read(inputs);
      if (address.value === undefined && !address.problems) {
        const inParts = readSettings(parts, inputs);
        const problems = [...(inParts.problems ?? []), ...(beside.problems ?? [])];
        return problems.length > 0
          ? { problems }
          : { value: complete({ ...inParts.value, ...beside.value }) };
      }
      const given = address.value;
      const isSet = (name: string) => Boolean(inputs.environment[`${prefix}_${name.toUpperCase()}`]);
      const alone = readSettings(
        Object.fromEntries(Object.entries(parts).filter(([name]) => isSet(name))),
        inputs,
      );
      const added: Partial<DatabaseAddress> = { ...withoutUndefined(beside.value ?? {}), ...alone.value };
      const contradictions = PARTS.filter(
        (name) =>
          isSet(name) &&
          given?.[name] !== undefined &&
          added[name] !== undefined &&
          given[name] !== added[name],
      ).map(
        (name) =>
          `${prefix}_${name.toUpperCase()}: differs from ${prefix}_URL, which libpq would take; give one of the two, or the same`,
      );
      const missing = given
        ? (["host", "database", "user"] as const).filter(
            (name) => !(given[name] ?? added[name] ?? defaults[name]),
          )
        : [];
      const problems = [
        ...(address.problems ?? []),
        ...contradictions,
        ...(missing.length > 0 ? [`${prefix}_URL: has no ${missing.join(" and no ")}`] : []),
        ...(alone.problems ?? []),
        ...(beside.problems ?? []),
      ];
      if (problems.length > 0) return { problems };
      return { value: complete({ ...defaults, ...added, ...given }) };
    },
  };
}

const PARTS = ["host", "port", "database", "user", "password", "sslmode"] as const;

/** Adds the defaults that every connection shares. Safe: every part has passed its own schema before. */
const complete = (parts: Record<string, unknown>): DatabaseAddress =>
  ({
    port: 5432,
    password: undefined,
    certificateAuthority: undefined,
    ...parts,
    sslmode: parts.sslmode ?? (onThisMachine(String(parts.host)) ? "prefer" : "verify-full"),
  }) as DatabaseAddress;

const onThisMachine = (host: string) =>
  host === "localhost" || host === "::1" || host.startsWith("/") || /^127(\.\d{1,3}){3}$/.test(host);

const withoutUndefined = (of: object) =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));

const readableFile = z.string().transform((path, issues) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    issues.addIssue({ code: "custom", message: "allowed: a file that can be read" });
    return z.NEVER;
  }
});

const databaseUrl = z.string().transform((given, issues): Partial<DatabaseAddress> => {
  const refuse = (message: string) => {
    issues.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  if (!URL.canParse(given)) return refuse("allowed: postgres://user:password@host:port/database");
  const url = new URL(given);
  if (!/^postgres(ql)?:$/.test(url.protocol)) return refuse("allowed: a URL that begins with postgres://");
  const wanted = url.searchParams.get("sslmode");
  const sslmode = SSL_MODES.find((mode) => mode === wanted);
  if (wanted !== null && !sslmode) return refuse(`its sslmode is not one of ${SSL_MODES.join(", ")}`);
  const unknown = [...url.searchParams.keys()].filter((name) => name !== "sslmode");
  if (unknown.length > 0) return refuse(`its parameter ${unknown.join(", ")} is not known, only sslmode is`);
  return withoutUndefined({
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1") || undefined,
    port: url.port ? Number(url.port) : undefined,
    database: decodeURIComponent(url.pathname.slice(1)) || undefined,
    user: decodeURIComponent(url.username) || undefined,
    password: url.password ? decodeURIComponent(url.password) : undefined,
    sslmode,
  });
});

const declarations = (prefix: string, whose: string, defaults: DatabaseDefaults): Declaration[] => [
  {
    kind: "variable",
    syntax: `${prefix}_URL`,
    summary: `${whose}, as one URL; parts add what it leaves out, and may not differ`,
  },
  {
    kind: "variable",
    syntax: `${prefix}_HOST, _PORT, _DATABASE, _USER, _PASSWORD, _SSLMODE, _SSLROOTCERT`,
    summary: `${whose}, in parts${Object.keys(defaults).length > 0 ? ` (assumed: ${describe(defaults)})` : ""}`,
  },
];

const describe = (defaults: DatabaseDefaults) =>
  Object.entries(defaults)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
