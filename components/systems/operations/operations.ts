import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ETCD_FILES, type PlatformInput } from "../../../jobs/operations";
import { monitorWorkload } from "../../cluster";
import { jobsExporter } from "../../data";
import type { KeyPair } from "../../shared/pki";
import { jobsCronJob } from "../../shared/pods";
import { etcdMonitoring, operationsMonitoring } from "./monitoring";
import { FILES, LABELS, OPERATIONS } from "./names";
import { type StatusPageArgs, statusPage } from "./page";
import { type Every, exporterPod, HOURS, healthPod, scheduleOf } from "./pods";
import { historyRule, READ_RULES, READY_RULE } from "./role";

export interface OperationsArgs {
  /** The namespace for all objects, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** What the stack has: the checks compare the running platform with it. It holds no secret. */
  readonly platform: pulumi.Input<PlatformInput>;
  /** CA certificates (PEM) of PostgreSQL and of object storage. */
  readonly authorities: pulumi.Input<string>;
  /** Connection strings of logins that read, by the name under which the checks know them. */
  readonly logins: Readonly<Record<string, pulumi.Input<string>>>;
  /** The token that reads the metrics of object storage. @default none: the store is not ours */
  readonly objectsToken?: pulumi.Input<string> | undefined;
  /** The CA of etcd's members and a client certificate. @default none: they show their health without TLS */
  readonly etcd?:
    | { readonly authority: pulumi.Input<string>; readonly client: pulumi.Output<KeyPair> }
    | undefined;
  /** How often the checks run. */
  readonly every: Every;
  /** Whether Prometheus runs in the cluster. Without it there is no exporter and no alert on the checks. */
  readonly monitoring: boolean;
  /** The page with what the last run found. @default none */
  readonly page?: Pick<StatusPageArgs, "host" | "ingressAnnotations"> | undefined;
}

/** Creates the CronJob of the operator's checks, with the right to read the platform, and the history of its runs. */
export class Operations extends pulumi.ComponentResource {
  /** The namespace and the CronJob, from which `trellis health` takes its pod. */
  readonly health: pulumi.Output<{ readonly namespace: string; readonly cronJob: string }>;

  /** The address of the status page, if there is one. */
  readonly page: string | undefined;

  constructor(name: string, args: OperationsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:operations:Operations", name, {}, opts);
    const history = this.#history(name, args);
    const needs = [
      history,
      ...this.#reader(name, args),
      this.#historyAccess(name, args, OPERATIONS.account, ["get", "patch"]),
      this.#platform(name, args),
      this.#access(name, args),
    ];
    const schedule = scheduleOf(args.every);
    const { metadata } = new k8s.batch.v1.CronJob(
      `${name}-health`,
      {
        metadata: metadataOf(args, OPERATIONS.health, LABELS.health),
        spec: jobsCronJob(
          schedule,
          false,
          LABELS.health,
          healthPod({ ...args, asksMinio: args.objectsToken !== undefined }, schedule),
        ),
      },
      { parent: this, dependsOn: needs },
    );
    if (args.monitoring) this.#exporter(name, args, history);
    if (args.page) this.#page(name, args, { history, page: args.page });
    this.page = args.page && `https://${args.page.host}`;
    this.health = pulumi
      .all([metadata.namespace, metadata.name])
      .apply(([namespace, cronJob]) => ({ namespace, cronJob }));
    this.registerOutputs({ health: this.health });
  }

  #history(name: string, args: OperationsArgs): k8s.core.v1.ConfigMap {
    return new k8s.core.v1.ConfigMap(
      `${name}-history`,
      { metadata: metadataOf(args, OPERATIONS.history), data: {} },
      { parent: this, ignoreChanges: ["data"] }, // the runs write it
    );
  }

  /** The service account of the checks, and its right to read. */
  #reader(name: string, args: OperationsArgs): pulumi.Resource[] {
    const account = this.#account(name, args, OPERATIONS.account);
    const role = new k8s.rbac.v1.ClusterRole(
      `${name}-reader`,
      {
        metadata: { name: `${OPERATIONS.account}-reader`, labels: LABELS.common },
        rules: [...READ_RULES, READY_RULE],
      },
      { parent: this },
    );
    const binding = new k8s.rbac.v1.ClusterRoleBinding(
      `${name}-reader-binding`,
      {
        metadata: { name: `${OPERATIONS.account}-reader`, labels: LABELS.common },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: OPERATIONS.account, namespace: args.namespace }],
      },
      { parent: this },
    );
    return [account, binding];
  }

  #account(name: string, args: OperationsArgs, account: string): k8s.core.v1.ServiceAccount {
    return new k8s.core.v1.ServiceAccount(
      `${name}-${account}-account`,
      { metadata: metadataOf(args, account), automountServiceAccountToken: false },
      { parent: this },
    );
  }

  /** What an account may do with the history. */
  #historyAccess(
    name: string,
    args: OperationsArgs,
    account: string,
    verbs: readonly string[],
  ): pulumi.Resource {
    const metadata = metadataOf(args, `${account}-history`);
    const role = new k8s.rbac.v1.Role(
      `${name}-${account}-history`,
      { metadata, rules: [{ ...historyRule(OPERATIONS.history), verbs: [...verbs] }] },
      { parent: this },
    );
    return new k8s.rbac.v1.RoleBinding(
      `${name}-${account}-history-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account, namespace: args.namespace }],
      },
      { parent: this },
    );
  }

  #platform(name: string, args: OperationsArgs): pulumi.Resource {
    return new k8s.core.v1.ConfigMap(
      `${name}-platform`,
      {
        metadata: metadataOf(args, OPERATIONS.platform),
        data: {
          [FILES.description]: pulumi
            .output(args.platform)
            .apply((platform) => `${JSON.stringify(platform, undefined, 2)}\n`),
          [FILES.authorities]: args.authorities,
        },
      },
      { parent: this },
    );
  }

  #access(name: string, args: OperationsArgs): pulumi.Resource {
    return new k8s.core.v1.Secret(
      `${name}-access`,
      {
        metadata: metadataOf(args, OPERATIONS.access),
        stringData: {
          ...args.logins,
          ...(args.objectsToken && { [FILES.objectsToken]: args.objectsToken }),
          ...(args.etcd && {
            [ETCD_FILES.authority]: args.etcd.authority,
            [ETCD_FILES.certificate]: args.etcd.client.cert,
            [ETCD_FILES.key]: args.etcd.client.key,
          }),
        },
      },
      { parent: this },
    );
  }

  /** A service account that reads the history alone. */
  #historyReader(
    name: string,
    args: OperationsArgs,
    { account, history }: { readonly account: string; readonly history: pulumi.Resource },
  ): pulumi.Resource[] {
    return [history, this.#account(name, args, account), this.#historyAccess(name, args, account, ["get"])];
  }

  #page(
    name: string,
    args: OperationsArgs,
    {
      history,
      page,
    }: { readonly history: pulumi.Resource; readonly page: NonNullable<OperationsArgs["page"]> },
  ): void {
    const { namespace, image, every } = args;
    const dependsOn = this.#historyReader(name, args, { account: OPERATIONS.page, history });
    statusPage(name, { ...{ namespace, image, every }, ...page }, { parent: this, dependsOn });
  }

  #exporter(name: string, args: OperationsArgs, history: pulumi.Resource): void {
    const needs = this.#historyReader(name, args, { account: OPERATIONS.exporter, history });
    jobsExporter(
      name,
      {
        namespace: args.namespace,
        workload: "operations",
        names: { exporter: OPERATIONS.exporter, metricsService: OPERATIONS.exporter },
        labels: LABELS.exporter,
        port: OPERATIONS.ports.metrics,
        pod: exporterPod(args),
        ...operationsMonitoring({
          everyHours: HOURS[args.every],
          hasMinio: args.objectsToken !== undefined,
        }),
      },
      { parent: this, dependsOn: needs },
    );
    const ofEtcd = { namespace: args.namespace, monitoring: etcdMonitoring };
    monitorWorkload(`${name}-etcd`, ofEtcd, { parent: this });
  }
}

const metadataOf = (
  { namespace }: Pick<OperationsArgs, "namespace">,
  name: string,
  labels: Record<string, string> = LABELS.common,
) => ({ name, namespace, labels });
