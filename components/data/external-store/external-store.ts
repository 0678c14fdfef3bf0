import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type ExternalStore, MIRROR_BUCKET } from "../../settings";
import { recordArtefact } from "../../shared/artefacts";
import { digest } from "../../shared/digest";
import type { ObjectStorage, ObjectStoreAccess, StoreSecrets } from "../minio";
import { bucketAt, contentsOf } from "./contents";
import { ACCESS_KEYS, LABELS, STORE } from "./names";
import { KEY_FILES, prepareJob, SPECIFICATION_FILE } from "./prepare-job";

export interface ExternalObjectStorageArgs {
  /** Namespace of object storage, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;
  /** The jobs image, which creates the buckets; its entrypoint is `jobs`. */
  readonly jobsImage: pulumi.Input<string>;
  /** The store, with its keys. */
  readonly store: ExternalStore;
  /** Buckets that are copied off the cluster, by their names in the settings. */
  readonly mirrored: readonly string[];
}

/**
 * Object storage in a store that is not ours. A Job creates the buckets, and fails where the keys do not open them;
 * drives, metrics, users and the console are the store's owner's.
 */
export class ExternalObjectStorage extends pulumi.ComponentResource implements ObjectStorage {
  readonly endpoint: pulumi.Output<string>;
  readonly authority: pulumi.Output<string> | undefined;
  readonly access: Readonly<Record<string, ObjectStoreAccess>>;
  readonly mirror: ObjectStoreAccess | undefined;
  readonly mirrored: readonly string[];
  readonly secrets: StoreSecrets;
  readonly console = undefined;
  readonly root = undefined;
  readonly metricsToken = undefined;
  readonly made: pulumi.Resource;

  constructor(name: string, args: ExternalObjectStorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:external-store:ExternalObjectStorage", name, {}, opts);
    const { store, mirrored } = args;
    this.endpoint = pulumi.output(store.endpoint);
    this.authority = store.authority === undefined ? undefined : pulumi.output(store.authority);
    this.access = Object.fromEntries(
      Object.entries(store.applications).map(([application, { buckets }]) => [
        application,
        this.accessBy(store, buckets[0] ?? "", store.applicationKeys[application] ?? store.keys),
      ]),
    );
    this.mirrored = mirrored.map((bucket) => bucketAt(store, bucket));
    this.mirror = mirrored.length > 0 ? this.accessBy(store, MIRROR_BUCKET, store.keys) : undefined;
    this.secrets = {
      root: { name: this.accessSecret(name, args), keys: ACCESS_KEYS },
      authority: this.authoritySecret(name, args),
    };
    this.made = this.preparation(name, args);
    this.registerOutputs({ endpoint: this.endpoint, access: this.access });
  }

  private accessBy(
    store: ExternalStore,
    bucket: string,
    { accessKey, secretKey }: ExternalStore["keys"],
  ): ObjectStoreAccess {
    const { endpoint, region, authority } = store;
    return { endpoint, region, bucket: bucketAt(store, bucket), accessKey, secretKey, authority };
  }

  private accessSecret(
    name: string,
    { namespace, store: { keys } }: ExternalObjectStorageArgs,
  ): pulumi.Output<string> {
    return new k8s.core.v1.Secret(
      `${name}-access`,
      {
        metadata: { name: STORE.accessSecret, namespace, labels: LABELS },
        stringData: { [ACCESS_KEYS.user]: keys.accessKey, [ACCESS_KEYS.password]: keys.secretKey },
      },
      { parent: this },
    ).metadata.name;
  }

  private authoritySecret(
    name: string,
    { namespace, store: { authority } }: ExternalObjectStorageArgs,
  ): pulumi.Output<string> | undefined {
    if (authority === undefined) return undefined;
    return new k8s.core.v1.Secret(
      `${name}-authority`,
      {
        metadata: { name: STORE.authoritySecret, namespace, labels: LABELS },
        stringData: { "ca.crt": authority },
      },
      { parent: this },
    ).metadata.name;
  }

  /** The Job that creates the buckets: one for each specification, because a Job is immutable. */
  private preparation(name: string, args: ExternalObjectStorageArgs): pulumi.Resource {
    const { namespace, store, mirrored, jobsImage } = args;
    const own = Object.entries(store.applicationKeys);
    const specification = contentsOf({ ...store, mirrored, withOwnKeys: own.map(([each]) => each) });
    recordArtefact(this, `object-storage/${SPECIFICATION_FILE}`, specification);
    const run = `${STORE.prepare}-${digest(specification + store.endpoint + store.region, 12)}`;
    const metadata = { name: run, namespace, labels: LABELS };
    const child = { parent: this };
    const inputs = [
      new k8s.core.v1.ConfigMap(
        `${name}-specification`,
        { metadata, data: { [SPECIFICATION_FILE]: specification } },
        child,
      ),
      new k8s.core.v1.Secret(
        `${name}-keys`,
        {
          metadata,
          stringData: Object.fromEntries(
            own.flatMap(([application, keys]) => [
              [`${application}-${KEY_FILES.accessKey}`, keys.accessKey],
              [`${application}-${KEY_FILES.secretKey}`, keys.secretKey],
            ]),
          ),
        },
        child,
      ),
      new k8s.core.v1.ServiceAccount(
        `${name}-account`,
        {
          metadata: { name: STORE.serviceAccount, namespace, labels: LABELS },
          automountServiceAccountToken: false,
        },
        child,
      ),
    ];
    const { endpoint, region } = store;
    return new k8s.batch.v1.Job(
      `${name}-job`,
      {
        metadata,
        spec: prepareJob({ image: jobsImage, endpoint, region, run, secrets: this.secrets }),
      },
      {
        ...child,
        dependsOn: inputs,
        // A new image does not repeat a finished Job. It runs with the next specification.
        ignoreChanges: ["spec.template.spec.containers[0].image"],
      },
    );
  }
}
