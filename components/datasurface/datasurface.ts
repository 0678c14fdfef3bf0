import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Model } from "../../jobs/datasurface/model";
import { dagFiles } from "../airflow";
import { UserError } from "../user-error";
import { dataSurfaceDags } from "./dags";
import { AIRFLOW_ROLE, credentialSecret, DATASURFACE, gitConfigMap, LABELS } from "./names";
import { type SimulatorArgs, simulatorDeployment } from "./simulator";

/** A login of a database. */
export interface Login {
  readonly user: pulumi.Input<string>;
  readonly password: pulumi.Input<string>;
}

export interface DataSurfaceArgs {
  /** The namespace, known once its guards stand. */
  readonly namespace: pulumi.Input<string>;

  /** What is ingested, from where, and for whom. */
  readonly model: Model;

  /** The repository from which the jobs read that model, so that a change of it needs no deployment. */
  readonly repository: { readonly url: string; readonly branch: string };

  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;

  /** The server of the merge database. */
  readonly mergeHost: pulumi.Input<string>;

  /** A login for each credential that the model names. */
  readonly credentials: Readonly<Record<string, Login>>;

  /** For a private repository. @default the repository is public */
  readonly gitToken?: pulumi.Input<string>;

  /** Where failures are told, given that Airflow has a token. @default nowhere */
  readonly slackChannel?: string;

  /** The accounts that run pods here: those of Airflow's scheduler and triggerer, and no others. */
  readonly airflow: { readonly namespace: pulumi.Input<string>; readonly accounts: readonly string[] };

  /** What changes a source at random, for trying out. @default none */
  readonly simulator?: Omit<SimulatorArgs, "image">;
}

/** Where the jobs of the platforms live: what they read, what they may use, and who may start them. */
export class DataSurface extends pulumi.ComponentResource {
  /** The files of Airflow's DAG folder. */
  readonly dags: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: DataSurfaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:datasurface:DataSurface", name, {}, opts);
    requireLogins(args);
    const { model, repository } = args;
    const child = { parent: this };
    const metadata = (object: string, labels = LABELS.common) => ({
      name: object,
      namespace: args.namespace,
      labels,
    });

    new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata: metadata(DATASURFACE.serviceAccount), automountServiceAccountToken: false },
      child,
    );
    for (const platform of model.ecosystem.platforms) {
      new k8s.core.v1.ConfigMap(
        `${name}-${gitConfigMap(platform)}`,
        {
          metadata: metadata(gitConfigMap(platform)),
          data: { MODEL_REPOSITORY: repository.url, MODEL_BRANCH: repository.branch },
        },
        child,
      );
    }
    for (const [credential, login] of Object.entries(args.credentials)) {
      const secret = credentialSecret(credential);
      new k8s.core.v1.Secret(
        `${name}-${secret.name}`,
        {
          metadata: metadata(secret.name),
          stringData: { [secret.user]: login.user, [secret.password]: login.password },
        },
        child,
      );
    }
    if (args.gitToken !== undefined) {
      const { name: secret } = credentialSecret(model.ecosystem.provider.gitCredential);
      new k8s.core.v1.Secret(
        `${name}-${secret}`,
        { metadata: metadata(secret), stringData: { token: args.gitToken } },
        child,
      );
    }

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
        subjects: args.airflow.accounts.map((account) => ({
          kind: "ServiceAccount",
          name: account,
          namespace: args.airflow.namespace,
        })),
      },
      child,
    );

    if (args.simulator) {
      new k8s.apps.v1.Deployment(
        `${name}-simulator`,
        {
          metadata: metadata(DATASURFACE.simulator, LABELS.simulator),
          spec: simulatorDeployment({ ...args.simulator, image: args.image }),
        },
        child,
      );
    }

    this.dags = pulumi
      .all([args.namespace, args.image, args.mergeHost])
      .apply(([namespace, image, mergeHost]) =>
        dagFiles(
          dataSurfaceDags({
            model,
            namespace,
            image,
            mergeHost,
            ...(args.slackChannel !== undefined && { slackChannel: args.slackChannel }),
          }),
        ),
      );
    this.registerOutputs({ dags: this.dags });
  }
}

/** A pod that waits for a Secret that nobody made would only be seen to fail hours later. */
function requireLogins({ model, credentials }: DataSurfaceArgs): void {
  const { provider, stores } = model.ecosystem;
  const wanted = new Set([provider.mergeCredential, ...stores.map(({ capture }) => capture.credential)]);
  const missing = [...wanted].filter((credential) => !(credential in credentials));
  if (missing.length > 0) {
    throw new UserError(
      `the model names credentials without a login: ${missing.join(", ")}; given: ${Object.keys(credentials).join(", ") || "none"}`,
    );
  }
}
