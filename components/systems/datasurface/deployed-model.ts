import * as pulumi from "@pulumi/pulumi";
import { loadModel, MODEL_FILES, type Model, readModelFile } from "../../../jobs/datasurface";
import type { Settings } from "../../settings";
import { UserError } from "../../shared/user-error";
import type { Login, ModelOrigin } from "./datasurface";

type DataSurfaceSettings = NonNullable<Settings["datasurface"]>;

/** The model that the settings name, with the platforms that they want, and where the jobs will read it. */
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

/** What a ConfigMap may hold. */
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

export interface LoginArgs {
  /** The server of the platform's own databases. */
  readonly host: string;
  /** By database and access, how to log in there. */
  readonly connections: Readonly<Record<string, Readonly<Record<"read" | "migrate", pulumi.Output<string>>>>>;
  /** Who logs in elsewhere, by credential. */
  readonly logins: DataSurfaceSettings["logins"];
  readonly passwords: Readonly<Record<string, pulumi.Output<string>>>;
}

/** A login for each credential of a model that has one: as the settings say, or of the platform's own database. */
export function loginsFor({ ecosystem }: Model, args: LoginArgs): Record<string, Login> {
  const { mergeCredential, mergeDatabase } = ecosystem.provider;
  const merge = args.connections[mergeDatabase]?.migrate; // it makes its tables itself
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

/** Who a connection string logs in as; our own passwords need no decoding. */
export function loginOf(connection: pulumi.Output<string>): Login {
  const parts = connection.apply((given) => {
    const [, user = "", password = ""] = /^[a-z]+:\/\/([^:]+):(.+)@[^@]+$/.exec(given) ?? [];
    return { user, password };
  });
  return { user: pulumi.unsecret(parts.user), password: parts.password };
}
