import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AlertSecret, SettingsSecrets } from "../../settings";
import type { KeyPair } from "../../shared/pki";
import { MONITORING_NAMESPACE } from "../../shared/workloads";
import { type AddOn, type AddOnChoices, helmChart } from "../helm";
import { LOGS } from "../logs";
import {
  ALERTMANAGER_FILE,
  ALERTMANAGER_SECRET,
  alertmanagerConfig,
  ETCD_CLIENT_SECRET,
  EXPORTER_TLS,
  GRAFANA_SECRET,
  MONITORING,
  RECEIVERS_FOLDER,
  RECEIVERS_SECRET,
  SECRET_FILES,
  SERVER_METRICS_SECRET,
} from "../monitoring";
import { GuardedNamespace, type Servers } from "../namespaces";
import { addOns, HCLOUD_SECRET } from "./add-ons";

export interface AddOnsArgs extends Omit<AddOnChoices, "etcd" | "metricsOverTls" | "logsToken"> {
  /**
   * Cluster addresses of etcd's members, which Prometheus scrapes. With an empty list Prometheus does not scrape etcd.
   */
  readonly etcd: pulumi.Input<readonly string[]>;

  /** etcd's CA and the client certificate with which Prometheus reads etcd's metrics; needed with `etcd`. */
  readonly etcdMetrics?:
    | { readonly authority: pulumi.Input<string>; readonly client: pulumi.Input<KeyPair> }
    | undefined;

  /**
   * With which HAProxy and the node exporters serve their metrics over TLS; issued by the CA of `etcdMetrics`.
   * @default in clear
   */
  readonly serverMetrics?: pulumi.Input<KeyPair> | undefined;

  /** Addresses of the cluster's servers: what `"servers"` means in the add-ons' network policies. */
  readonly servers: pulumi.Input<Servers>;

  /**
   * Hetzner API token for Hetzner's controllers, which read it from the Secret `hcloud`. Needed with `hetzner`.
   * @default none: the Secret is not created
   */
  readonly hcloudToken?: pulumi.Output<string> | undefined;

  /** Bearer token of the endpoint of logs. @default none: it needs none */
  readonly logsToken?: pulumi.Output<string> | undefined;

  /** Keys and addresses of the receivers of alerts. @default none */
  readonly alertSecrets?: SettingsSecrets["alerts"];
}

/**
 * Declares the cluster's standard add-ons (Hetzner's controllers, cert-manager, monitoring, K3s upgrades) as HelmChart
 * resources. K3s' Helm controller installs them, and retries until each installation succeeds.
 */
export class AddOns extends pulumi.ComponentResource {
  /** Password of Grafana's user `admin`; undefined without monitoring. */
  readonly grafanaPassword: pulumi.Output<string> | undefined;

  constructor(name: string, args: AddOnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:AddOns", name, {}, opts);

    const hcloud =
      args.hetzner && args.hcloudToken && this.hcloudSecret(name, args.hetzner, args.hcloudToken);
    // The list of add-ons never depends on etcd's addresses, which a first preview cannot know.
    const choices = {
      ...args,
      metricsOverTls: args.serverMetrics !== undefined,
      logsToken: args.logsToken !== undefined,
    };
    for (const addOn of addOns({ ...choices, etcd: [] })) {
      const home = addOn.namespace && this.home(name, addOn.namespace, args.servers);
      const needed = [hcloud, home].filter((each) => each !== undefined);
      if (addOn.name === MONITORING) {
        const login = this.grafanaLogin(name, needed);
        this.grafanaPassword = login.password;
        needed.push(login.secret, ...this.alertmanager(name, args, needed));
        const homes = home ? [home] : [];
        if (args.etcdMetrics) needed.push(this.etcdClient(name, args.etcdMetrics, homes));
        if (args.serverMetrics) needed.push(this.serverMetrics(name, args.serverMetrics, homes));
      }
      if (addOn.name === LOGS.namespace && args.logsToken)
        needed.push(this.logsToken(name, args.logsToken, needed));
      const spec = pulumi.output(args.etcd).apply((etcd) => specOf(addOn.name, { ...choices, etcd }));
      helmChart(
        `${name}-${addOn.name}-chart`,
        { name: addOn.name, spec },
        { parent: this, dependsOn: needed },
      );
    }
    this.registerOutputs({ grafanaPassword: this.grafanaPassword });
  }

  private hcloudSecret(
    name: string,
    { network }: NonNullable<AddOnChoices["hetzner"]>,
    token: pulumi.Output<string>,
  ): pulumi.Resource {
    return new k8s.core.v1.Secret(
      `${name}-${HCLOUD_SECRET}`,
      {
        metadata: { name: HCLOUD_SECRET, namespace: "kube-system" },
        stringData: { token, ...(network && { network }) },
      },
      { parent: this },
    );
  }

  private logsToken(
    name: string,
    token: pulumi.Output<string>,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource {
    return new k8s.core.v1.Secret(
      `${name}-${LOGS.token}`,
      { metadata: { name: LOGS.token, namespace: LOGS.namespace }, stringData: { token } },
      { parent: this, dependsOn: [...dependsOn] },
    );
  }

  private etcdClient(
    name: string,
    { authority, client }: NonNullable<AddOnsArgs["etcdMetrics"]>,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource {
    const { cert, key } = pulumi.secret(client);
    return new k8s.core.v1.Secret(
      `${name}-${ETCD_CLIENT_SECRET}`,
      {
        metadata: { name: ETCD_CLIENT_SECRET, namespace: MONITORING_NAMESPACE },
        stringData: { "ca.crt": authority, "tls.crt": cert, "tls.key": key },
      },
      { parent: this, dependsOn },
    );
  }

  private serverMetrics(
    name: string,
    certificate: pulumi.Input<KeyPair>,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource {
    const { cert, key } = pulumi.secret(certificate);
    return new k8s.core.v1.Secret(
      `${name}-${SERVER_METRICS_SECRET}`,
      {
        metadata: { name: SERVER_METRICS_SECRET, namespace: MONITORING_NAMESPACE },
        stringData: { ...EXPORTER_TLS, "tls.crt": cert, "tls.key": key },
      },
      { parent: this, dependsOn },
    );
  }

  private home(
    name: string,
    namespace: NonNullable<AddOn["namespace"]>,
    servers: AddOnsArgs["servers"],
  ): pulumi.Resource {
    return new GuardedNamespace(
      `${name}-${namespace.namespace}`,
      { ...namespace, servers },
      { parent: this },
    );
  }

  /** Alertmanager's configuration, and the files that it reads keys and addresses from. */
  private alertmanager(
    name: string,
    { alerts, alertSecrets = {}, domain }: AddOnsArgs,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource[] {
    const configuration = alertmanagerConfig({
      alerts,
      domain,
      folder: RECEIVERS_FOLDER,
      ntfyToken: alertSecrets.alertsNtfyToken !== undefined,
    });
    const secrets: Record<string, Record<string, pulumi.Input<string>>> = {
      [ALERTMANAGER_SECRET]: { [ALERTMANAGER_FILE]: configuration },
      [RECEIVERS_SECRET]: receiverFiles(alertSecrets),
    };
    return Object.entries(secrets).map(
      ([secret, stringData]) =>
        new k8s.core.v1.Secret(
          `${name}-${secret}`,
          { metadata: { name: secret, namespace: MONITORING_NAMESPACE }, stringData },
          { parent: this, dependsOn },
        ),
    );
  }

  private grafanaLogin(name: string, dependsOn: pulumi.Resource[]) {
    const { result: password } = new random.RandomPassword(
      `${name}-${GRAFANA_SECRET}`,
      { length: 32, special: false },
      { parent: this },
    );
    const secret: pulumi.Resource = new k8s.core.v1.Secret(
      `${name}-${GRAFANA_SECRET}`,
      {
        metadata: { name: GRAFANA_SECRET, namespace: MONITORING_NAMESPACE },
        stringData: { user: "admin", password },
      },
      { parent: this, dependsOn },
    );
    return { password, secret };
  }
}

function receiverFiles(secrets: SettingsSecrets["alerts"]): Record<string, pulumi.Output<string>> {
  const files = Object.entries(SECRET_FILES) as [AlertSecret, string][]; // safe: the table has these keys alone
  return Object.fromEntries(
    files.flatMap(([secret, file]) => {
      const value = secrets[secret];
      if (value === undefined) return [];
      return [[file, secret === "alertsNtfyUrl" ? value.apply(readable) : value]];
    }),
  );
}

/** The address of an ntfy topic, at which ntfy renders Alertmanager's messages as text. */
const readable = (topic: string) => (topic.includes("?") ? topic : `${topic}?template=alertmanager`);

function specOf(name: string, choices: AddOnChoices): AddOn["spec"] {
  const addOn = addOns(choices).find((each) => each.name === name);
  if (!addOn) throw new Error(`the add-on ${name} is missing once etcd's addresses are known`);
  return addOn.spec;
}
