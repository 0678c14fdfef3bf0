import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../shared/artefacts";
import { digest } from "../../shared/digest";
import { LABELS, MINIO } from "./names";
import { provisionJob, SPECIFICATION_FILE } from "./provision-job";
import {
  METRICS_USER,
  MIRROR_USER,
  type ProvisionedStorage,
  provisionSpecification,
  usersOf,
} from "./specification";

export interface ProvisioningArgs extends ProvisionedStorage {
  /** Namespace of object storage. */
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. A new image runs with the next specification. */
  readonly image: pulumi.Input<string>;
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Input<string>;
  /** Name of the Secret with the root user and its password. */
  readonly rootSecret: pulumi.Input<string>;
  /** Name of the Secret whose `ca.crt` verifies the servers. */
  readonly authoritySecret: pulumi.Input<string>;
}

/** Creates the buckets and the users that may use them, through a Job that runs once for each specification. */
export class Provisioning extends pulumi.ComponentResource {
  /** Depend on this to wait until the buckets and users exist: it is complete once the Job is. */
  readonly made: pulumi.Resource;

  /** The secret keys, by user. */
  readonly secretKeys: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: ProvisioningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:minio:Provisioning", name, {}, opts);
    this.secretKeys = this.keys(name, args);
    const specification = provisionSpecification(args);
    recordArtefact(this, `minio/${SPECIFICATION_FILE}`, specification);
    // A Job is immutable, so each specification gets a new Job with its own inputs. No Job ever reads the specification
    // of one run with the keys of another.
    const run = `${MINIO.provision}-${digest(specification, 12)}`;
    const inputs = this.inputs(name, args, { run, specification });
    this.made = this.job(name, args, { run, inputs });
    this.registerOutputs({ secretKeys: this.secretKeys });
  }

  private keys(name: string, { applications, mirrored }: ProvisioningArgs): Provisioning["secretKeys"] {
    const secretKey = (user: string, epoch: number) =>
      new random.RandomPassword(
        `${name}-${user}`,
        { length: 40, special: false, keepers: { epoch: String(epoch) } },
        // Once, all epochs of a user had this resource; the key that it has now must stay.
        { parent: this, ignoreChanges: ["keepers"] },
      ).result;
    return Object.fromEntries([
      ...Object.entries(applications).flatMap(([application, { epoch }]) =>
        usersOf(application, epoch).map((each) => [each.user, secretKey(each.user, each.epoch)] as const),
      ),
      ...(mirrored ? [[MIRROR_USER, secretKey(MIRROR_USER, 1)] as const] : []),
      [METRICS_USER, secretKey(METRICS_USER, 1)] as const,
    ]);
  }

  /** What the Job's pod mounts and runs as. */
  private inputs(
    name: string,
    { namespace }: ProvisioningArgs,
    { run, specification }: { readonly run: string; readonly specification: string },
  ): pulumi.Resource[] {
    const child = { parent: this };
    const metadata = { name: run, namespace, labels: LABELS.provision };
    return [
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
  }

  private job(
    name: string,
    { namespace, image, endpoint, rootSecret, authoritySecret }: ProvisioningArgs,
    { run, inputs }: { readonly run: string; readonly inputs: pulumi.Resource[] },
  ): pulumi.Resource {
    return new k8s.batch.v1.Job(
      `${name}-job`,
      {
        metadata: { name: run, namespace, labels: LABELS.provision },
        spec: provisionJob({ image, endpoint, run, rootSecret, authoritySecret }),
      },
      {
        parent: this,
        dependsOn: inputs,
        // A new image does not repeat a finished Job. It runs with the next specification.
        ignoreChanges: ["spec.template.spec.containers[0].image"],
      },
    );
  }
}
