import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { jobsPod, secretVariable, serviceHost } from "../../../shared/pods";
import { exporterParts, jobsExporter } from "../../exporter";
import { poolerAlerts } from "../alerts";
import { SERVER_FOLDER } from "../job-pod";
import { LABELS, POSTGRES } from "../names";
import { POOLER_STATS_USER } from "./pooler-config";

/** Key of the password of `POOLER_STATS_USER` in the Secret of the poolers. */
export const STATS_PASSWORD = "stats-password";

interface PoolerExporterArgs {
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** Name of the Secret with the password, and the password itself: a new one replaces the pod. */
  readonly config: pulumi.Input<string>;
  readonly statsPassword: pulumi.Input<string>;
  /** Name of the Secret with the poolers' certificate. */
  readonly serverCertificate: pulumi.Input<string>;
}

/**
 * Creates the exporter of all poolers. It is no container of their pods: a pooler must serve also while its exporter does
 * not run.
 */
export function poolerExporter(
  name: string,
  { namespace, image, config, statsPassword, serverCertificate }: PoolerExporterArgs,
  opts: { readonly parent: pulumi.Resource; readonly dependsOn: pulumi.Resource[] },
): void {
  new k8s.core.v1.Service(
    `${name}-addresses`,
    {
      metadata: { name: POSTGRES.poolers, namespace, labels: LABELS.pooler },
      spec: {
        clusterIP: "None",
        selector: LABELS.pooler,
        ports: [{ name: "postgres", port: POSTGRES.ports.postgres }],
      },
    },
    { parent: opts.parent },
  );
  const port = POSTGRES.ports.podMetrics;
  const parts = exporterParts(port, [
    { name: "POOLER_HOST", value: serviceHost(POSTGRES.poolers, namespace) },
    { name: "POOLER_PORT", value: String(POSTGRES.ports.postgres) },
    { name: "POOLER_USER", value: POOLER_STATS_USER },
    secretVariable("POOLER_PASSWORD", config, STATS_PASSWORD),
    { name: "POOLER_SSLMODE", value: "verify-ca" }, // it connects by address, and the certificate has names
    { name: "POOLER_SSLROOTCERT", value: `${SERVER_FOLDER}/ca.crt` },
    { name: "POOLER_METRICS_PORT", value: String(port) },
  ]);
  const authority = {
    name: "authority",
    secret: { secretName: serverCertificate, items: [{ key: "ca.crt", path: "ca.crt" }] },
  };
  jobsExporter(
    name,
    {
      ...{ namespace, workload: POSTGRES.pooler, labels: LABELS.poolerExporter, port },
      names: { exporter: POSTGRES.poolerExporter, metricsService: POSTGRES.poolerExporter },
      readsAtStart: [statsPassword],
      scrape: { interval: "15s", scrapeTimeout: "10s" },
      pod: jobsPod(
        {
          domain: "postgres",
          image,
          serviceAccount: POSTGRES.pooler,
          reads: [{ volume: authority, folder: SERVER_FOLDER }],
        },
        { ...parts, words: ["pooler-metrics"] },
      ),
      alerts: poolerAlerts(),
    },
    opts,
  );
}
