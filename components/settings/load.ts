import { createRequire } from "node:module";
import type * as pulumi from "@pulumi/pulumi";
import { alertSecrets } from "./checks";
import { parseSettings, SettingsError } from "./parse";
import type { Problem } from "./problems";
import { MISSING } from "./problems";
import { ALERT_SECRETS, type AlertSecret, type Settings } from "./schema";
import { SECRETS, type SecretName } from "./secret-names";
import { applicationKeys, keyNames, type StoreKeyName, type StoreKeys } from "./store-keys";

/** The settings that a stack's file must not contain in plain text: `pulumi config set --secret trellis:<name>`. */
export interface SettingsSecrets {
  /**
   * A Hetzner API token. keepalived moves the floating IP with it, and Hetzner's controllers create volumes.
   * @default none; required with `target.edge.kind: floating-ip` or `target.addons.hetzner`
   */
  readonly hcloudToken?: pulumi.Output<string>;
  /** The access key of the off-site bucket. @default none; required with `offsite` */
  readonly offsiteAccessKey?: pulumi.Output<string>;
  /** The secret key of the off-site bucket. @default none; required with `offsite` */
  readonly offsiteSecretKey?: pulumi.Output<string>;
  /**
   * A key that can delete in the off-site bucket, for the pruning jobs alone.
   * @default none: the jobs prune with `offsiteAccessKey`, which must then be able to delete
   */
  readonly offsitePruneAccessKey?: pulumi.Output<string>;
  /** The secret key of `offsitePruneAccessKey`. @default none; required with it */
  readonly offsitePruneSecretKey?: pulumi.Output<string>;
  /** The access key of the store in place of MinIO. @default none; required with `minio.kind: external` */
  readonly storeAccessKey?: pulumi.Output<string>;
  /** The secret key of that store. @default none; required with `minio.kind: external` */
  readonly storeSecretKey?: pulumi.Output<string>;
  /**
   * Keys of that store for single applications (`storeAccessKey_<application>`, `storeSecretKey_<application>`).
   * @default none: the application uses `storeAccessKey`
   */
  readonly storeKeys: Readonly<Record<string, StoreKeys>>;
  /** The kubeconfig of the existing cluster. @default none; required with `target.kind: existing` */
  readonly kubeconfig?: pulumi.Output<string>;
  /** Airflow reports task failures to Slack with it. @default none; required with `airflow.slackChannel` */
  readonly slackToken?: pulumi.Output<string>;
  /** A token for a private `datasurface.repository`. @default none: the repository is public */
  readonly gitToken?: pulumi.Output<string>;
  /** The key of the agents' model. @default none; required with `gardenos.agents` */
  readonly agentsModelKey?: pulumi.Output<string>;
  /** Bearer token of `monitoring.logs.endpoint`. @default none: the endpoint needs none */
  readonly logsToken?: pulumi.Output<string>;
  /** Keys and addresses of the receivers of alerts (`monitoring.alerts`). */
  readonly alerts: Readonly<Partial<Record<AlertSecret, pulumi.Output<string>>>>;
  /** The passwords of source databases outside of the platform, by credential in the model (`datasurface.logins`). */
  readonly sourcePasswords: Readonly<Record<string, pulumi.Output<string>>>;
}

const SOURCE_PASSWORD = "sourcePassword_";

/** The SDK takes a second to load, which nobody needs who only checks settings. */
const sdk = (): typeof pulumi => createRequire(import.meta.url)("@pulumi/pulumi");

export interface StackSettings {
  /** The checked settings of the stack's file, with defaults. */
  readonly settings: Settings;
  /** The secrets that the stack has set. */
  readonly secrets: SettingsSecrets;
  /** Warnings about secrets. */
  readonly advice: readonly string[];
}

/** Reads and checks the stack's settings. Throws one error with all problems before anything is declared. */
export function loadSettings(config: pulumi.Config = new (sdk().Config)("trellis")): StackSettings {
  const raw = config.getObject<unknown>("settings");
  if (raw === undefined) {
    throw new SettingsError([
      {
        path: ["trellis:settings"],
        given: MISSING,
        allowed: `the stack's settings in Pulumi.${sdk().getStack()}.yaml; start with \`npx trellis init\`, or with a copy of those in Pulumi.dev.yaml`,
      },
    ]);
  }
  const settings = withStorageClass(parseSettings(raw));
  const isGiven = (name: string) => config.getSecret(name) !== undefined;
  const missing = [
    ...neededSecrets(settings),
    ...pruneSecrets(isGiven),
    ...pairsOfApplications(settings, isGiven),
  ].filter(({ name }) => config.getSecret(name) === undefined);
  if (missing.length > 0) throw new SettingsError(missing.map(missingSecret));
  const given = (names: readonly string[], prefix = "") =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = config.getSecret(prefix + name);
        return value ? [[name, value]] : [];
      }),
    );
  const secrets = {
    ...given(SECRETS), // the keys are names of this list
    alerts: given(ALERT_SECRETS),
    storeKeys: applicationKeys(settings, (name) => config.getSecret(name)),
    sourcePasswords: given(Object.keys((settings.datasurface || undefined)?.logins ?? {}), SOURCE_PASSWORD),
  };
  const names = [
    ...SECRETS,
    ...ALERT_SECRETS,
    ...Object.keys(secrets.sourcePasswords).map((name) => SOURCE_PASSWORD + name),
    ...Object.keys(secrets.storeKeys).flatMap((application) => Object.values(keyNames(application))),
  ];
  return {
    settings,
    secrets,
    advice: [
      ...sharedKeys(settings, secrets),
      ...names.filter((name) => isInClear(config, name)).map(clearSecret),
    ],
  };
}

/** Applications that have no keys of their own in a store that is not ours. */
function sharedKeys({ minio }: Settings, { storeKeys }: SettingsSecrets): string[] {
  if (minio.kind !== "external") return [];
  const sharing = Object.keys(minio.applications).filter((application) => !storeKeys[application]);
  if (sharing.length < 2) return [];
  return [
    `minio.applications: ${sharing.join(", ")} share trellis:storeAccessKey, so each of them can read and delete the others' objects; give each keys of its own with \`pulumi config set --secret trellis:storeAccessKey_<application>\` and storeSecretKey_<application>`,
  ];
}

/** Whether the stack's file has a secret in plain text. */
function isInClear(config: pulumi.Config, name: string): boolean {
  // The SDK's typings hide this function, which `requireSecret` and its own warnings are made of.
  const isSecret: unknown = Reflect.get(sdk().runtime, "isConfigSecret");
  if (typeof isSecret !== "function" || config.get(name) === undefined) return false;
  return isSecret(`${config.name}:${name}`) === false;
}

const clearSecret = (name: string) =>
  `trellis:${name}: in clear in Pulumi.${sdk().getStack()}.yaml, for everybody who can read the repository; set it with \`pulumi config set --secret trellis:${name}\`, and replace it at its issuer if the file was committed`;

/** With `target.kind: existing`, its storage class is the default for every volume. */
function withStorageClass(settings: Settings): Settings {
  const { postgres, minio, target } = settings;
  if (target.kind !== "existing") return settings;
  const { storageClass } = target;
  return {
    ...settings,
    postgres: { storageClass, ...postgres },
    minio: minio.kind === "external" ? minio : { storageClass, ...minio },
  };
}

export interface NeededSecret {
  /** Its name in the stack's configuration, without the prefix `trellis:`. */
  readonly name: SecretName | AlertSecret | `${typeof SOURCE_PASSWORD}${string}` | StoreKeyName;
  /** What it is used for and which setting requires it, for the error message. */
  readonly why: string;
}

/** The secrets that these settings require. */
export function neededSecrets(settings: Settings): NeededSecret[] {
  const { target, offsite, minio, airflow, datasurface, gardenos, monitoring } = settings;
  const needed: NeededSecret[] = [];
  if (target.kind === "existing") {
    needed.push({
      name: "kubeconfig",
      why: "the program connects to the existing cluster with it (target.kind)",
    });
  } else if (target.edge.kind === "floating-ip") {
    needed.push({ name: "hcloudToken", why: "the servers move the floating IP with it (target.edge.kind)" });
  } else if (target.addons.hetzner) {
    needed.push({ name: "hcloudToken", why: "Hetzner's controllers need it (target.addons.hetzner)" });
  }
  if (offsite) {
    const why = "snapshots and backups are copied to the off-site bucket with it (offsite)";
    needed.push({ name: "offsiteAccessKey", why }, { name: "offsiteSecretKey", why });
  }
  if (minio.kind === "external") {
    const why = "object storage is reached with it (minio.kind: external)";
    needed.push({ name: "storeAccessKey", why }, { name: "storeSecretKey", why });
  }
  if (airflow && airflow.slackChannel !== undefined) {
    needed.push({
      name: "slackToken",
      why: "Airflow reports task failures to Slack with it (airflow.slackChannel)",
    });
  }
  if (gardenos?.agents) {
    needed.push({ name: "agentsModelKey", why: "the agents call their model with it (gardenos.agents)" });
  }
  if (target.kind === "hetzner" && target.addons.monitoring) needed.push(...alertSecrets(monitoring.alerts));
  for (const credential of Object.keys((datasurface || undefined)?.logins ?? {})) {
    const why = `the jobs log in as ${credential} with it (datasurface.logins)`;
    needed.push({ name: `${SOURCE_PASSWORD}${credential}`, why });
  }
  return needed;
}

/** Both parts of the pruning key, where one of them is given. */
function pruneSecrets(isGiven: (name: string) => boolean): NeededSecret[] {
  const names = ["offsitePruneAccessKey", "offsitePruneSecretKey"] as const;
  if (!names.some(isGiven)) return [];
  return names.map((name) => ({
    name,
    why: "the pruning jobs delete old off-site copies with both parts of it",
  }));
}

/** Both keys of an application, where one of them is given. */
function pairsOfApplications({ minio }: Settings, isGiven: (name: string) => boolean): NeededSecret[] {
  if (minio.kind !== "external") return [];
  return Object.keys(minio.applications).flatMap((application) => {
    const names = Object.values(keyNames(application));
    if (!names.some(isGiven)) return [];
    return names.map((name) => ({ name, why: `${application} uses object storage with both parts of it` }));
  });
}

function missingSecret({ name, why }: NeededSecret): Problem {
  return {
    path: [`trellis:${name}`],
    given: MISSING,
    allowed: `a secret: ${why}. Set it: pulumi config set --secret trellis:${name}`,
  };
}
