import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Settings } from "../../settings";
import { recordArtefact } from "../../shared/artefacts";
import { digest } from "../../shared/digest";
import { LABELS, MINIO } from "./names";
import { provisionJob, SPECIFICATION_FILE } from "./provision-job";
import { METRICS_USER, provisionSpecification, userOf } from "./specification";

export interface ProvisioningArgs extends Pick<Settings["minio"], "buckets" | "applications"> {
  readonly namespace: pulumi.Input<string>;
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  readonly rootSecret: pulumi.Input<string>;
  readonly authoritySecret: pulumi.Input<string>;
}

/** The buckets, and who may come to them: made by a Job that runs once for each specification. */
export class Provisioning extends pulumi.ComponentResource {
  /** For what needs its bucket: done once the Job is. */
  readonly made: pulumi.Resource;

  /** By user. */
  readonly secretKeys: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: ProvisioningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:minio:Provisioning", name, {}, opts);
    const { namespace, buckets, applications } = args;
    const child = { parent: this };
    const secretKey = (user: string, epoch: number) =>
      new random.RandomPassword(
        `${name}-${user}`,
        { length: 40, special: false, keepers: { epoch: String(epoch) } },
        child,
      ).result;
    this.secretKeys = Object.fromEntries([
      ...Object.entries(applications).map(([application, { epoch }]) => {
        const user = userOf(application);
        return [user, secretKey(user, epoch)] as const;
      }),
      [METRICS_USER, secretKey(METRICS_USER, 1)],
    ]);

    const specification = provisionSpecification(buckets, applications);
    recordArtefact(this, `minio/${SPECIFICATION_FILE}`, specification);
    // A Job cannot be changed. Another specification is another Job, with inputs of its own, so that none ever reads the
    // specification of one run with the keys of another.
    const run = `${MINIO.provision}-${digest(specification, 12)}`;
    const metadata = { name: run, namespace, labels: LABELS.provision };
    const inputs = [
      new k8s.core.v1.ConfigMap(
        `${name}-specification`,
        { metadata, data: { [SPECIFICATION_FILE]: specification } },
        child,
      ),
      new k8s.core.v1.Secret(`${name}-keys`, { metadata, stringData: this.secretKeys }, child),
      new k8s.core.v1.ServiceAccount(
        `${name}-account`,
        {
          metadata: { name: MINIO.provision, namespace, labels: LABELS.provision },
          automountServiceAccountToken: false,
        },
        child,
      ),
    ];
    this.made = new k8s.batch.v1.Job(
      `${name}-job`,
      { metadata, spec: provisionJob({ ...args, run }) },
      {
        parent: this,
        dependsOn: inputs,
        // What is made already need not be made again by a newer image: that one comes with the next specification.
        ignoreChanges: ["spec.template.spec.containers[0].image"],
      },
    );
    this.registerOutputs({});
  }
}
