import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Model, Platform } from "../../../jobs/datasurface";
import {
  credentialSecret,
  ingestionJobs,
  maskKeySecret,
  platformName,
  streamsFile,
  streamsFileName,
} from "../../../jobs/datasurface";
import { monitorWorkload } from "../../cluster";
import { digest } from "../../shared/digest";
import { dagFiles, type StreamList } from "../airflow";
import { tracesPolicy } from "../traces";
import { type DataSurfaceDagsArgs, dataSurfaceDags } from "./dags";
import { type ModelOrigin, modelEnvironment } from "./deployed-model";
import { repositoryEgress, sourceEgress } from "./egress";
import { infrastructureJob } from "./infrastructure-job";
import { AUTHORITIES_FILE } from "./job-pod";
import { type BoundLogin, type Login, requireLogins } from "./logins";
import { dataSurfaceMonitoring } from "./monitoring";
import {
  AIRFLOW_ROLE,
  DATASURFACE,
  gitConfigMap,
  gitSecret,
  infrastructureName,
  LABELS,
  metadata,
  streamListName,
  streamListRole,
} from "./names";
import { SIMULATOR_KEYS, type SimulatedLoad, simulatorDeployment } from "./simulator";

/** The load on the source, and a login that may create its tables. */
type Simulator = SimulatedLoad & { readonly login: Login };

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

  /** How many datasets of a store a run reads at once. @default 1 */
  readonly datasetsAtOnce?: number;

  /** CA certificates (PEM) of all database servers; the jobs verify every server with them. */
  readonly authorities: pulumi.Input<string>;

  /** A login for each credential that the model names. The component throws an error if one is missing. */
  readonly credentials: Readonly<Record<string, BoundLogin>>;

  /** The token for a private repository. @default none: the repository is public */
  readonly gitToken?: pulumi.Input<string>;

  /** Slack channel for task failures; needs a token in Airflow. @default no notifications */
  readonly slackChannel?: string;

  /**
   * Airflow's namespace, and its service accounts that run pods here: only those of the scheduler and the triggerer.
   */
  readonly airflow: { readonly namespace: pulumi.Input<string>; readonly accounts: readonly string[] };

  /** Where the jobs send traces: the address of a collector. @default none are recorded */
  readonly traces?: string | undefined;

  /** Whether Grafana runs in the cluster. If so, it gets a dashboard of ingestion. */
  readonly monitoring: boolean;

  /**
   * Whether the keys of masks are protected from deletion. With another key, the next batch of a masked copy replaces
   * every token by another. @default false
   */
  readonly protection?: boolean | undefined;

  /** A simulator that changes a source database at random, for trying out ingestion. @default none */
  readonly simulator?: Simulator;
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
    requireLogins(args.model, args.credentials);
    const { platforms, provider } = args.model.ecosystem;

    const inputs = this.#podInputs(name, args);
    this.#airflowRole(name, args);
    this.#egress(name, args);
    const dagsArgs = dagsArgsOf(args);
    for (const platform of platforms) {
      const streams = this.#streamList(name, args, platform);
      const rights = this.#streamListRights(name, args, platform);
      this.#infrastructureJob(name, args, { platform, dagsArgs, dependsOn: [...inputs, streams, ...rights] });
    }
    if (args.monitoring) {
      const monitoring = dataSurfaceMonitoring(platforms);
      monitorWorkload(name, { namespace: args.namespace, monitoring }, { parent: this });
    }
    if (args.simulator) this.#simulator(name, args, { simulator: args.simulator, inputs });

    this.dags = dagsArgs.apply((given) => dagFiles(dataSurfaceDags(given)));
    this.streamLists = platforms.map((platform) => ({
      configMap: streamListName(platform),
      file: streamsFileName(platformName(platform)),
    }));
    this.mergeDatabase = provider.mergeDatabase;
    this.registerOutputs({
      dags: this.dags,
      streamLists: this.streamLists,
      mergeDatabase: this.mergeDatabase,
    });
  }

  /** The objects that a job's pod mounts or reads its environment from. */
  #podInputs(name: string, args: DataSurfaceArgs): pulumi.Resource[] {
    const { model, origin, namespace, gitToken } = args;
    const { platforms, provider } = model.ecosystem;
    const configMap = (object: string, data: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.ConfigMap(
        `${name}-${object}`,
        { metadata: metadata(object, namespace), data },
        { parent: this },
      );
    const secret = (object: string, stringData: Record<string, pulumi.Input<string>>) =>
      new k8s.core.v1.Secret(
        `${name}-${object}`,
        { metadata: metadata(object, namespace), stringData },
        { parent: this },
      );
    return [
      this.#account(name, args, DATASURFACE.serviceAccount),
      configMap(DATASURFACE.authorities, { [AUTHORITIES_FILE]: args.authorities }),
      ...("files" in origin ? [configMap(DATASURFACE.model, { ...origin.files })] : []),
      ...platforms.map((platform) => configMap(gitConfigMap(platform), modelEnvironment(origin))),
      ...Object.entries(args.credentials).map(([credential, login]) => {
        const { name: object, ...keys } = credentialSecret(credential);
        return secret(object, {
          [keys.user]: login.user,
          [keys.password]: login.password,
          [keys.hosts]: login.hosts.join(","),
          [keys.sslmode]: login.sslmode,
        });
      }),
      ...maskKeysOf(model).map((key) => {
        const of = maskKeySecret(key);
        return secret(of.name, { [of.key]: this.#maskKey(`${name}-${of.name}`, args) });
      }),
      ...(gitToken === undefined ? [] : [secret(gitSecret(provider.gitCredential), { token: gitToken })]),
    ];
  }

  #maskKey(name: string, { protection }: DataSurfaceArgs): pulumi.Output<string> {
    const key = new random.RandomPassword(
      name,
      { length: 64, special: false },
      { parent: this, protect: protection ?? false },
    );
    return key.result;
  }

  #account(name: string, { namespace }: DataSurfaceArgs, object: string): k8s.core.v1.ServiceAccount {
    return new k8s.core.v1.ServiceAccount(
      `${name}-${object}-account`,
      { metadata: metadata(object, namespace), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  /** Airflow's pod operator creates and watches the jobs' pods. */
  #airflowRole(name: string, { namespace, airflow }: DataSurfaceArgs): void {
    const role = new k8s.rbac.v1.Role(
      `${name}-airflow`,
      { metadata: metadata(DATASURFACE.airflowRole, namespace), rules: AIRFLOW_ROLE },
      { parent: this },
    );
    new k8s.rbac.v1.RoleBinding(
      `${name}-airflow-binding`,
      {
        metadata: metadata(DATASURFACE.airflowRole, namespace),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: airflow.accounts.map((each) => serviceAccount(each, airflow.namespace)),
      },
      { parent: this },
    );
  }

  #egress(name: string, { namespace, credentials, origin, traces }: DataSurfaceArgs): void {
    if (traces !== undefined)
      tracesPolicy(name, { namespace, labels: LABELS.common, endpoint: traces }, { parent: this });
    const servers = Object.values(credentials).flatMap(({ hosts }) => hosts);
    const policies = { ...sourceEgress(servers), ...repositoryEgress(origin) };
    for (const [policy, spec] of Object.entries(policies)) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-allow-${policy}`,
        { metadata: metadata(policy, namespace), spec },
        { parent: this },
      );
    }
  }

  /**
   * Only the first deployment sets the data. Afterwards, the platform's infrastructure job updates it from the model.
   */
  #streamList(name: string, { model, airflow }: DataSurfaceArgs, platform: Platform): k8s.core.v1.ConfigMap {
    const list = streamListName(platform);
    return new k8s.core.v1.ConfigMap(
      `${name}-${list}`,
      {
        metadata: metadata(list, airflow.namespace),
        data: { [streamsFileName(platformName(platform))]: streamsFile(ingestionJobs(model, platform)) },
      },
      { parent: this, ignoreChanges: ["data"] },
    );
  }

  /** The account of the platform's infrastructure job, and its permission to update the stream list. */
  #streamListRights(name: string, args: DataSurfaceArgs, platform: Platform): pulumi.Resource[] {
    const list = streamListName(platform);
    const writer = infrastructureName(platform);
    const besideList = metadata(list, args.airflow.namespace);
    return [
      this.#account(name, args, writer),
      new k8s.rbac.v1.Role(
        `${name}-${list}-writer`,
        { metadata: besideList, rules: streamListRole(platform) },
        { parent: this },
      ),
      new k8s.rbac.v1.RoleBinding(
        `${name}-${list}-writer-binding`,
        {
          metadata: besideList,
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: list },
          subjects: [serviceAccount(writer, args.namespace)],
        },
        { parent: this },
      ),
    ];
  }

  #infrastructureJob(
    name: string,
    { namespace, origin }: DataSurfaceArgs,
    { platform, dagsArgs, dependsOn }: InfrastructureJobArgs,
  ): void {
    const job = infrastructureName(platform);
    new k8s.batch.v1.Job(
      `${name}-${job}`,
      {
        metadata: metadata(job, namespace),
        spec: dagsArgs.apply((given) => infrastructureJob(given, platform, origin)),
      },
      // A Job is immutable, and its name is free only after the old one is deleted.
      { parent: this, dependsOn, replaceOnChanges: ["spec"], deleteBeforeReplace: true },
    );
  }

  #simulator(
    name: string,
    { namespace, image, authorities }: DataSurfaceArgs,
    { simulator, inputs }: { simulator: Simulator; inputs: readonly pulumi.Resource[] },
  ): void {
    const { login, replicas, changesPerSecond, source } = simulator;
    // Half a digest of a random password reveals nothing about it, so it need not be a secret.
    const accessDigest = pulumi.unsecret(
      pulumi.jsonStringify([login.user, login.password, authorities]).apply(digest),
    );
    const logins = new k8s.core.v1.Secret(
      `${name}-${DATASURFACE.simulator}`,
      {
        metadata: metadata(DATASURFACE.simulator, namespace),
        stringData: { [SIMULATOR_KEYS.user]: login.user, [SIMULATOR_KEYS.password]: login.password },
      },
      { parent: this },
    );
    new k8s.apps.v1.Deployment(
      `${name}-simulator`,
      {
        metadata: metadata(DATASURFACE.simulator, namespace, LABELS.simulator),
        spec: simulatorDeployment({ accessDigest, image, replicas, changesPerSecond, source }),
      },
      { parent: this, dependsOn: [logins, ...inputs] },
    );
  }
}

interface InfrastructureJobArgs {
  readonly platform: Platform;
  readonly dagsArgs: pulumi.Output<DataSurfaceDagsArgs>;
  readonly dependsOn: pulumi.Resource[];
}

/** The names of the secret keys of the model's transformers. */
const maskKeysOf = ({ ecosystem }: Model): string[] => [
  ...new Set(ecosystem.transformers.flatMap(({ key }) => (key === undefined ? [] : [key]))),
];

const serviceAccount = (name: string, namespace: pulumi.Input<string>) => ({
  kind: "ServiceAccount",
  name,
  namespace,
});

const dagsArgsOf = (args: DataSurfaceArgs): pulumi.Output<DataSurfaceDagsArgs> =>
  pulumi.all([args.namespace, args.image, args.mergeHost, args.airflow.namespace]).apply(
    ([namespace, image, mergeHost, airflowNamespace]): DataSurfaceDagsArgs => ({
      model: args.model,
      namespace,
      image,
      mergeHost,
      datasetsAtOnce: args.datasetsAtOnce ?? 1,
      airflowNamespace,
      traces: args.traces,
      carriesModel: "files" in args.origin,
      ...(args.slackChannel !== undefined && { slackChannel: args.slackChannel }),
    }),
  );
