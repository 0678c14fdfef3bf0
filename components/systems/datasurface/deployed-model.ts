import * as pulumi from "@pulumi/pulumi";
import { loadModel, MODEL_FILES, type Model, readModelFile } from "../../../jobs/datasurface";
import type { Settings } from "../../settings";
import { UserError } from "../../shared/user-error";
import type { Login, ModelOrigin } from "./datasurface";

type DataSurfaceSettings = NonNullable<Settings["datasurface"]>;

/** Loads the model of the settings, with the selected platforms, and determines where the jobs read it. */
export function deployedModel({ model: folder, platforms, repository }: DataSurfaceSettings): {
  readonly model: Model;
  readonly origin: ModelOrigin;
} {
  const model = judged(folder);
  const offered = model.ecosystem.platforms;
  const unknown = platforms?.filter((name) => offered.every((each) => each.name !== name)) ?? [];
  if (unknown.length > 0) {
    throw new UserError(
      `datasurface.platforms: the model has no ${unknown.join(", ")}; allowed: ${offered.map(({ name }) => name).join(", ")}`,
    );
  }
  const wanted = offered.filter(({ name }) => platforms?.includes(name) ?? true);
  return {
    model: { ...model, ecosystem: { ...model.ecosystem, platforms: wanted } },
    origin: repository ? { repository } : { files: filesOf(folder) },
  };
}

function judged(folder: string): Model {
  try {
    return loadModel(folder);
  } catch (error) {
    throw new UserError(`datasurface.model: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The size limit of a ConfigMap. */
const MOST_BYTES = 1024 * 1024;

function filesOf(folder: string): Record<string, string> {
  const files = Object.fromEntries(
    MODEL_FILES.flatMap((name) => {
      const text = readModelFile(folder, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const bytes = Buffer.byteLength(JSON.stringify(files));
  if (bytes > MOST_BYTES) {
    throw new UserError(
      `datasurface.model: ${folder} has ${bytes} bytes; a ConfigMap holds at most ${MOST_BYTES}. Set datasurface.repository, from which the jobs read the model`,
    );
  }
  return files;
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
export function loginsFor({ ecosystem }: Model, args: LoginArgs): Record<string, Login> {
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
    ...Object.fromEntries([...found].map(([credential, { login }]) => [credential, login])),
    ...Object.fromEntries(
      Object.entries(args.logins).flatMap(([credential, { user }]) => {
        const password = args.passwords[credential];
        return password ? [[credential, { user, password }]] : [];
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
