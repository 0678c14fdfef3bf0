import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../../shared/digest";
import { type JobsSchedule, jobsCronJob, jobsPod } from "../../shared/pods";
import { SIZES_FILE, sizeGuard } from "./size-guard";

export interface VolumeGrowthArgs {
  readonly namespace: pulumi.Input<string>;
  /** Name of the StatefulSet, and the start of the names of the objects. */
  readonly workload: string;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** The claims of the StatefulSet, and the GiB that each is to have. */
  readonly claims: Readonly<Record<string, number>>;
  /** The setting that the sizes come from, such as `postgres.volumeGib`. */
  readonly setting: string;
  /** Whether volumes of this class can grow; undefined where nobody knows before it is tried. */
  readonly grows: boolean | undefined;
}

/** The label by which a network policy allows these pods the Kubernetes API, and nothing else. */
export const VOLUME_PODS = { "trellis/volumes": "grow" };

const FOLDER = "/etc/trellis/volumes";

const SCHEDULE: JobsSchedule = {
  cron: "17 * * * *",
  startWithinSeconds: 1_800,
  endWithinHours: 1,
  attempts: 2,
  kept: [1, 2],
  memory: ["48Mi", "128Mi"],
  cpu: "10m",
};

/** What a pod may do: read and change its own claims, by name. */
export const volumeRights = (claims: readonly string[]) => [
  {
    apiGroups: [""],
    resources: ["persistentvolumeclaims"],
    resourceNames: [...claims],
    verbs: ["get", "patch"],
  },
];

/**
 * Grows the claims of a StatefulSet to the sizes of the settings. Kubernetes refuses every change of a StatefulSet's claim
 * templates, so a larger setting would change nothing: a Job patches the claims themselves, and another one each hour
 * grows those that were made anew from the template. A StatefulSet that is deleted and made again would need rights to
 * create pods, and protection forbids it.
 */
export class VolumeGrowth extends pulumi.ComponentResource {
  constructor(name: string, args: VolumeGrowthArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:data:VolumeGrowth", name, {}, opts);
    const { namespace, workload, claims, setting, grows } = args;
    const object = `${workload}-volumes`;
    const labels = {
      "app.kubernetes.io/name": object,
      "app.kubernetes.io/part-of": "trellis",
      ...VOLUME_PODS,
    };
    const metadata = { name: object, namespace, labels };
    const sizes = JSON.stringify(claims);
    const config = new k8s.core.v1.ConfigMap(
      `${name}-sizes`,
      { metadata, data: { [SIZES_FILE]: sizes } },
      { parent: this, hooks: { beforeUpdate: [sizeGuard(`${name}-guard`, { setting, grows })] } },
    );
    const dependsOn = [
      config,
      ...this.rights(name, { namespace, object, labels, claims: Object.keys(claims) }),
    ];
    const pod = this.pod(args, object);
    const schedule = jobsCronJob(SCHEDULE, false, labels, pod);
    new k8s.batch.v1.CronJob(`${name}-hourly`, { metadata, spec: schedule }, { parent: this, dependsOn });
    new k8s.batch.v1.Job(
      `${name}-now`,
      // A Job is immutable, so each set of sizes gets a new one.
      {
        metadata: { ...metadata, name: `${object}-${digest(sizes, 12)}` },
        spec: {
          backoffLimit: 2,
          template: {
            metadata: { labels },
            spec: { ...pod, restartPolicy: "Never", priorityClassName: "trellis-service" },
          },
        },
      },
      { parent: this, dependsOn, ignoreChanges: ["spec"] },
    );
    this.registerOutputs({});
  }

  private rights(
    name: string,
    {
      namespace,
      object,
      labels,
      claims,
    }: {
      readonly namespace: pulumi.Input<string>;
      readonly object: string;
      readonly labels: Record<string, string>;
      readonly claims: readonly string[];
    },
  ): pulumi.Resource[] {
    const metadata = { name: object, namespace, labels };
    const child = { parent: this };
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const role = new k8s.rbac.v1.Role(`${name}-role`, { metadata, rules: volumeRights(claims) }, child);
    const binding = new k8s.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: object },
        subjects: [{ kind: "ServiceAccount", name: object, namespace }],
      },
      child,
    );
    return [account, role, binding];
  }

  private pod({ namespace, image }: VolumeGrowthArgs, object: string) {
    return jobsPod(
      {
        domain: "storage",
        image,
        serviceAccount: object,
        usesApi: true,
        reads: [{ volume: { name: "sizes", configMap: { name: object } }, folder: FOLDER }],
      },
      {
        container: "grow",
        words: ["grow-volumes"],
        environment: [
          { name: "NAMESPACE", value: namespace },
          { name: "VOLUME_SIZES", value: `${FOLDER}/${SIZES_FILE}` },
        ],
        memory: SCHEDULE.memory,
        cpu: SCHEDULE.cpu,
      },
    );
  }
}
