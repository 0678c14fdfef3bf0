import * as pulumi from "@pulumi/pulumi";
import { hostAndPort, type Model } from "../../../jobs/datasurface";
import type { DataSurfaceSettings } from "../../settings";
import { UserError } from "../../shared/user-error";

/** A login of a database. */
export interface Login {
  /** The user name. */
  readonly user: pulumi.Input<string>;
  /** The user's password. */
  readonly password: pulumi.Input<string>;
}

/** A login, and what binds it: the model chooses a source's host, and must not choose who gets the password. */
export interface BoundLogin extends Login {
  /** The only servers that the login is sent to, as `host:port`. */
  readonly hosts: readonly string[];
  /** As in libpq: `verify-full`, or `disable` for servers in the cluster. */
  readonly sslmode: "verify-full" | "disable";
}

/** Fails early: otherwise a pod would wait for a missing Secret, or be refused, and fail hours later. */
export function requireLogins({ ecosystem }: Model, credentials: Readonly<Record<string, BoundLogin>>): void {
  const { provider, stores } = ecosystem;
  const wanted = new Set([provider.mergeCredential, ...stores.map(({ capture }) => capture.credential)]);
  const missing = [...wanted].filter((credential) => !(credential in credentials));
  if (missing.length > 0) {
    throw new UserError(
      `datasurface.logins: the model uses credentials without a login: ${missing.join(", ")}; given: ${Object.keys(credentials).join(", ") || "none"}. ` +
        "Add a login for each database outside the platform",
    );
  }
  for (const { name, capture } of stores) {
    const { credential, source } = capture;
    const server = hostAndPort(source.host, source.port);
    const allowed = credentials[credential]?.hosts ?? [];
    if (allowed.includes(server)) continue;
    throw new UserError(
      `datasurface.logins.${credential}.hosts: the model's store ${name} would send this login to ${server}; allowed: ${allowed.join(", ")}. ` +
        "Add the server if the login is meant for it",
    );
  }
}

/** What `loginsFor` resolves the model's credentials with. */
export interface LoginArgs {
  /** The host of the platform's own PostgreSQL. */
  readonly host: string;
  /** Connection strings of the platform's PostgreSQL, by database and access. */
  readonly connections: Readonly<Record<string, Readonly<Record<"read" | "migrate", pulumi.Output<string>>>>>;
  /** Logins of other servers, by credential. */
  readonly logins: DataSurfaceSettings["logins"];
  /** Passwords of `logins`, by credential. A login without a password is left out. */
  readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;
}

/** Finds a login for each credential of the model: from the settings, or of the platform's own database. */
export function loginsFor({ ecosystem }: Model, args: LoginArgs): Record<string, BoundLogin> {
  const { mergeCredential, mergeDatabase } = ecosystem.provider;
  const merge = args.connections[mergeDatabase]?.migrate; // the jobs create the tables
  if (!merge) {
    const declared = Object.keys(args.connections).join(", ");
    throw new UserError(
      `postgres.databases: given ${declared}; allowed: ${mergeDatabase} as well, into which the model merges`,
    );
  }
  const found = new Map([[mergeCredential, { database: mergeDatabase, login: loginOf(merge) }]]);
  for (const { name, capture } of ecosystem.stores) {
    const { credential, source } = capture;
    if (args.logins[credential]) continue;
    const connection = source.host === args.host ? args.connections[source.database]?.read : undefined;
    if (!connection) continue;
    const former = found.get(credential);
    if (former && former.database !== source.database) {
      throw new UserError(
        `the model's credential ${credential} is for the database ${former.database}, and the store ${name} uses it for ${source.database}: ` +
          "each database has its own logins, so give the store another credential",
      );
    }
    found.set(credential, { database: source.database, login: loginOf(connection) });
  }
  return {
    ...Object.fromEntries(
      [...found].map(([credential, { login }]) => [
        credential,
        { ...login, hosts: [hostAndPort(args.host, 5432)], sslmode: "verify-full" as const },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(args.logins).flatMap(([credential, { user, hosts, tls }]) => {
        const password = args.passwords[credential];
        return password ? [[credential, { user, password, hosts, sslmode: tls }]] : [];
      }),
    ),
  };
}

/** Extracts user and password of a connection string. Our own passwords need no decoding. */
export function loginOf(connection: pulumi.Output<string>): Login {
  const parts = connection.apply((given) => {
    const [, user = "", password = ""] = /^[a-z]+:\/\/([^:]+):(.+)@[^@]+$/.exec(given) ?? [];
    return { user, password };
  });
  return { user: pulumi.unsecret(parts.user), password: parts.password };
}
