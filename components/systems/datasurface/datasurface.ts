import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Model, Platform } from "../../../jobs/datasurface";
import {
  credentialSecret,
  ingestionJobs,
  platformName,
  streamsFile,
  streamsFileName,
} from "../../../jobs/datasurface";
import { digest } from "../../shared/digest";
import { UserError } from "../../shared/user-error";
import { DASHBOARD_LABEL, dagFiles, dashboard, type StreamList } from "../airflow";
import { type DataSurfaceDagsArgs, dataSurfaceDags, infrastructureWords } from "./dags";
import { dataSurfacePanels } from "./dashboard";
import { sourceEgress } from "./egress";
import { AUTHORITIES_FILE, infrastructurePod, MODEL_FOLDER } from "./job-pod";
import {
  AIRFLOW_ROLE,
  DATASURFACE,
  gitConfigMap,
  gitSecret,
  infrastructureName,
  LABELS,
  streamListName,
  streamListRole,
} from "./names";
import { SIMULATOR_KEYS, type SimulatorArgs, simulatorDeployment } from "./simulator";

/** A login of a database. */
export interface Login {
  /** The user name. */
  readonly user: pulumi.Input<string>;
  /** The user's password. */
  readonly password: pulumi.Input<string>;
}

/** Where the jobs read the model. Changes in a repository need no deployment; files are part of the deployment. */
export type ModelOrigin =
  | { readonly repository: { readonly url: string; readonly branch: string } }
  | { readonly files: Readonly<Record<string, string>> };

export interface DataSurfaceArgs {
  /** The namespace for all objects. Its value resolves only after the namespace's network policies and quotas exist. */
  readonly namespace: pulumi.Input<string>;

  /** The data model: what is ingested, from which sources, and for which platforms. */
  readonly model: Model;

  /** Where the jobs read the model. */
  readonly origin: ModelOrigin;

  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;

  /** The host of the merge database's server. */
  readonly mergeHost: pulumi.Input<string>;

  /** CA certificates (PEM) of all database servers; the jobs verify every server with them. */
  readonly authorities: pulumi.Input<string>;

  /** A login for each credential that the model names. The component throws an error if one is missing. */
  readonly credentials: Readonly<Record<string, Login>>;

  /** The token for a private repository. @default none: the repository is public */
  readonly gitToken?: pulumi.Input<string>;

  /** Slack channel for task failures; needs a token in Airflow. @default no notifications */
  readonly slackChannel?: string;

  /**
   * Airflow's namespace, and its service accounts that run pods here: only those of the scheduler and the triggerer.
   */
  readonly airflow: { readonly namespace: pulumi.Input<string>; readonly accounts: readonly string[] };

  /** Whether Grafana runs in the cluster. If so, it gets a dashboard of ingestion. */
  readonly monitoring: boolean;

  /** A simulator that changes a source database at random, for trying out ingestion. @default none */
  readonly simulator?: Omit<SimulatorArgs, "accessDigest" | "image"> & { readonly login: Login };
}

/**
 * Creates everything that the ingestion jobs need: credentials, model, permissions, network policies, and one
 * infrastructure Job for each platform. Airflow runs the jobs; `dags` has the files for it.
 */
export class DataSurface extends pulumi.ComponentResource {
  /** The files for Airflow's DAG folder. */
  readonly dags: pulumi.Output<Record<string, string>>;

  /** The ConfigMaps with the streams of each platform, in Airflow's namespace. */
  readonly streamLists: readonly StreamList[];

  /** The merge database. Its session limit bounds how many jobs may run at once. */
  readonly mergeDatabase: string;

  constructor(name: string, args: DataSurfaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:datasurface:DataSurface", name, {}, opts);
    requireLogins(args);
    const { model, origin, airflow } = args;
    const { platforms, provider } = model.ecosystem;
    const child = { parent: this };
    const metadata = (object: string, labels = LABELS.common, namespace = args.namespace) => ({
      name: object,
      namespace,
      labels,
    });
    const configMap = (object: string, data: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.ConfigMap(`${name}-${object}`, { metadata: metadata(object), data }, child);
    const secret = (object: string, stringData: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.Secret(`${name}-${object}`, { metadata: metadata(object), stringData }, child);
    const account = (object: string) =>
      new k8s.core.v1.ServiceAccount(
        `${name}-${object}-account`,
        { metadata: metadata(object), automountServiceAccountToken: false },
        child,
      );

    const inputs: pulumi.Resource[] = [
      account(DATASURFACE.serviceAccount),
      configMap(DATASURFACE.authorities, { [AUTHORITIES_FILE]: args.authorities }),
      ...("files" in origin ? [configMap(DATASURFACE.model, { ...origin.files })] : []),
      ...platforms.map((platform) => configMap(gitConfigMap(platform), whereTheModelIs(origin))),
      ...Object.entries(args.credentials).map(([credential, login]) => {
        const { name: object, user, password } = credentialSecret(credential);
        return secret(object, { [user]: login.user, [password]: login.password });
      }),
      ...(args.gitToken === undefined
        ? []
        : [secret(gitSecret(provider.gitCredential), { token: args.gitToken })]),
    ];

    const role = new k8s.rbac.v1.Role(
      `${name}-airflow`,
      { metadata: metadata(DATASURFACE.airflowRole), rules: AIRFLOW_ROLE },
      child,
    );
    new k8s.rbac.v1.RoleBinding(
      `${name}-airflow-binding`,
      {
        metadata: metadata(DATASURFACE.airflowRole),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: airflow.accounts.map((each) => serviceAccount(each, airflow.namespace)),
      },
      child,
    );
    for (const [policy, spec] of Object.entries(sourceEgress(model))) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-allow-${policy}`,
        { metadata: metadata(policy), spec },
        child,
      );
    }

    const specification = pulumi.all([args.namespace, args.image, args.mergeHost, airflow.namespace]).apply(
      ([namespace, image, mergeHost, airflowNamespace]): DataSurfaceDagsArgs => ({
        ...{ model, namespace, image, mergeHost, airflowNamespace },
        carriesModel: "files" in origin,
        ...(args.slackChannel !== undefined && { slackChannel: args.slackChannel }),
      }),
    );
    this.dags = specification.apply((given) => dagFiles(dataSurfaceDags(given)));
    this.streamLists = platforms.map((platform) => ({
      configMap: streamListName(platform),
      file: streamsFileName(platformName(platform)),
    }));
    this.mergeDatabase = provider.mergeDatabase;

    for (const platform of platforms) {
      const list = streamListName(platform);
      const beside = metadata(list, LABELS.common, airflow.namespace);
      // Only the first deployment sets the data. Afterwards, the platform's infrastructure job updates it from the
      // model.
      const streams = new k8s.core.v1.ConfigMap(
        `${name}-${list}`,
        {
          metadata: beside,
          data: { [streamsFileName(platformName(platform))]: streamsFile(ingestionJobs(model, platform)) },
        },
        { parent: this, ignoreChanges: ["data"] },
      );
      const writer = infrastructureName(platform);
      const rights = [
        account(writer),
        new k8s.rbac.v1.Role(
          `${name}-${list}-writer`,
          { metadata: beside, rules: streamListRole(platform) },
          child,
        ),
        new k8s.rbac.v1.RoleBinding(
          `${name}-${list}-writer-binding`,
          {
            metadata: beside,
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: list },
            subjects: [serviceAccount(writer, args.namespace)],
          },
          child,
        ),
      ];
      new k8s.batch.v1.Job(
        `${name}-${writer}`,
        {
          metadata: metadata(writer),
          spec: specification.apply((given) => infrastructureJob(given, platform, origin)),
        },
        // A Job is immutable, and its name is free only after the old one is deleted.
        {
          parent: this,
          dependsOn: [...inputs, streams, ...rights],
          replaceOnChanges: ["spec"],
          deleteBeforeReplace: true,
        },
      );
    }

    if (args.monitoring) {
      new k8s.core.v1.ConfigMap(
        `${name}-dashboard`,
        {
          metadata: metadata(DATASURFACE.dashboard, { ...LABELS.common, ...DASHBOARD_LABEL }),
          data: {
            "datasurface.json": dashboard("trellis-datasurface", "DataSurface", dataSurfacePanels(platforms)),
          },
        },
        child,
      );
    }
    if (args.simulator) {
      const { login, ...simulator } = args.simulator;
      // Half a digest of a random password reveals nothing about it, so it need not be a secret.
      const accessDigest = pulumi.unsecret(
        pulumi.jsonStringify([login.user, login.password, args.authorities]).apply(digest),
      );
      const logins = secret(DATASURFACE.simulator, {
        [SIMULATOR_KEYS.user]: login.user,
        [SIMULATOR_KEYS.password]: login.password,
      });
      new k8s.apps.v1.Deployment(
        `${name}-simulator`,
        {
          metadata: metadata(DATASURFACE.simulator, LABELS.simulator),
          spec: simulatorDeployment({ ...simulator, accessDigest, image: args.image }),
        },
        { parent: this, dependsOn: [logins, ...inputs] },
      );
    }
    this.registerOutputs({ dags: this.dags });
  }
}

const serviceAccount = (name: string, namespace: pulumi.Input<string>) => ({
  kind: "ServiceAccount",
  name,
  namespace,
});

const whereTheModelIs = (origin: ModelOrigin): Record<string, string> =>
  "files" in origin
    ? { MODEL_DIR: MODEL_FOLDER }
    : { MODEL_REPOSITORY: origin.repository.url, MODEL_BRANCH: origin.repository.branch };

/**
 * Runs the infrastructure job once for each deployed image and model: it creates tables and views and updates the
 * stream list.
 */
function infrastructureJob(
  args: DataSurfaceDagsArgs,
  platform: Platform,
  origin: ModelOrigin,
): k8s.types.input.batch.v1.JobSpec {
  const { metadata, spec } = infrastructurePod(
    { ...args, provider: args.model.ecosystem.provider },
    platform,
  );
  const containers = spec.containers.map((each) => ({ ...each, args: infrastructureWords(platform) }));
  return {
    backoffLimit: 6, // PostgreSQL may be failing over
    template: {
      metadata: {
        labels: metadata.labels,
        // New model files need a new Job. If the model is in a repository, the DAG applies its changes.
        annotations: { "trellis/model-digest": digest(JSON.stringify(origin)) },
      },
      spec: { ...spec, containers },
    },
  };
}

/** Fails early: otherwise a pod would wait for a missing Secret and fail hours later. */
function requireLogins({ model, credentials }: DataSurfaceArgs): void {
  const { provider, stores } = model.ecosystem;
  const wanted = new Set([provider.mergeCredential, ...stores.map(({ capture }) => capture.credential)]);
  const missing = [...wanted].filter((credential) => !(credential in credentials));
  if (missing.length > 0) {
    throw new UserError(
      `datasurface.logins: the model uses credentials without a login: ${missing.join(", ")}; given: ${Object.keys(credentials).join(", ") || "none"}. ` +
        "Add a login for each database outside the platform",
    );
  }
}
