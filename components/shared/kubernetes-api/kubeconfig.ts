import { parse, stringify } from "yaml";
import type { KeyPair } from "../pki";
import { UserError } from "../user-error";

export interface KubeconfigArgs {
  /** The cluster's name. The context has the same name; the user is `<cluster>-<role>`. */
  readonly cluster: string;
  /** Who the kubeconfig is for; only part of the user's name in the file. @default "administrator" */
  readonly role?: "administrator" | "developer" | "reader";
  /** The URL of the API, such as `https://203.0.113.7:6443`. */
  readonly server: string;
  /** The CA certificate (PEM) of the API. */
  readonly authority: string;
  /** The user's client certificate. Its group determines the rights of this kubeconfig. */
  readonly client: KeyPair;
}

/** Renders a self-contained kubeconfig from the certificates alone, before any server boots. */
export function renderKubeconfig({
  cluster,
  role = "administrator",
  server,
  authority,
  client,
}: KubeconfigArgs): string {
  const user = `${cluster}-${role}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster, cluster: { server, "certificate-authority-data": base64(authority) } }],
      users: [
        {
          name: user,
          user: {
            "client-certificate-data": base64(client.cert),
            "client-key-data": base64(client.key),
          },
        },
      ],
      contexts: [{ name: cluster, context: { cluster, user } }],
      "current-context": cluster,
    },
    { lineWidth: 0 },
  );
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The parts of a kubeconfig that a connection to the API needs. */
export interface ApiAccess {
  /** The API's URL. */
  readonly server: URL;
  /** The API's CA certificate (PEM). @default the system's CAs */
  readonly authority?: string;
  /** The name to verify in the API's certificate. @default the host of `server` */
  readonly serverName?: string;
  /** Whether to accept any certificate of the API (`insecure-skip-tls-verify`). */
  readonly insecure: boolean;
  /** The user's client certificate. @default none */
  readonly client?: KeyPair;
  /** The user's bearer token. @default none */
  readonly token?: string;
}

/** Reads the access from a kubeconfig: ours or that of an existing cluster. */
export function apiAccess(kubeconfig: string, contextName?: string): ApiAccess {
  const config = record(parsed(kubeconfig));
  const wanted = contextName ?? text(config["current-context"]);
  const context = named(config.contexts, wanted, "context");
  const cluster = named(config.clusters, text(context.cluster), "cluster");
  const user = named(config.users, text(context.user), "user");
  const server = text(cluster.server);
  if (!server || !URL.canParse(server))
    throw unusable(`its cluster's server is ${JSON.stringify(server)}, not a URL`);
  const authority = embedded(cluster, "certificate-authority");
  const cert = embedded(user, "client-certificate");
  const key = embedded(user, "client-key");
  const token = text(user.token);
  const serverName = text(cluster["tls-server-name"]);
  return {
    server: new URL(server),
    insecure: cluster["insecure-skip-tls-verify"] === true,
    ...(authority !== undefined && { authority }),
    ...(serverName !== undefined && { serverName }),
    ...(cert !== undefined && key !== undefined && { client: { cert, key } }),
    ...(token !== undefined && { token }),
  };
}

function parsed(kubeconfig: string): unknown {
  try {
    return parse(kubeconfig);
  } catch {
    // The parser's message quotes the text, which contains private keys.
    throw unusable("it is not YAML");
  }
}

function embedded(section: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const inline = text(section[`${name}-data`]);
  if (inline !== undefined) return Buffer.from(inline, "base64").toString("utf8");
  if (section[name] !== undefined)
    throw unusable(`its ${name} is a file name, which is of no use on other machines`);
  return undefined;
}

/** The content of an entry in one of a kubeconfig's lists; the entry has it below a key such as `cluster`. */
function named(
  list: unknown,
  name: string | undefined,
  kind: "context" | "cluster" | "user",
): Record<string, unknown> {
  const entries = Array.isArray(list) ? list.map(record) : [];
  const entry = entries.find((each) => each.name === name);
  if (!entry) {
    const known = entries.map((each) => String(each.name)).join(", ") || "none";
    throw unusable(`it has no ${kind} called ${JSON.stringify(name)} (it has: ${known})`);
  }
  return record(entry[kind]);
}

function unusable(problem: string): UserError {
  return new UserError(
    `The kubeconfig cannot be used: ${problem}.\nCreate a self-contained one: kubectl config view --minify --flatten`,
  );
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
