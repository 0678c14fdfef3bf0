import { DATABASES, POSTGRES } from "../../../components/data";
import { hostOf } from "../../../components/shared/pods";
import { type Evaluation, isRecord, type PlannedResource } from "../../pulumi-monitor";
import { type KubernetesObject, kubernetesObject } from "../../shared/kubernetes-objects";
import { ANY_SECRET } from "../../shared/placeholders";

/** A Kubernetes object and its planned resource. */
export interface PlannedObject extends KubernetesObject {
  readonly resource: PlannedResource;
}

/** A Service of the platform. */
export interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly number[];
}

/** The rendered objects of a stack; secrets are still placeholders. */
export class Manifests {
  readonly objects: readonly PlannedObject[];

  constructor(readonly evaluation: Pick<Evaluation, "resources">) {
    this.objects = evaluation.resources.flatMap((resource) => {
      const object = kubernetesObject(resource, resource.inputs);
      return object ? [{ ...object, resource }] : [];
    });
  }

  find(kind: string, namespace: string, name: string): PlannedObject | undefined {
    return this.objects.find(
      (object) => object.kind === kind && object.namespace === namespace && object.name === name,
    );
  }

  /** The data of a ConfigMap or Secret as text; undefined if it does not exist. */
  contentOf(
    kind: "ConfigMap" | "Secret",
    namespace: string,
    name: string,
  ): Readonly<Record<string, string>> | undefined {
    const manifest = this.find(kind, namespace, name)?.manifest;
    if (!manifest) return undefined;
    const decoded = kind === "Secret" ? manifest.data : manifest.binaryData;
    const plain = kind === "Secret" ? manifest.stringData : manifest.data;
    return withLogins({
      ...mapTexts(decoded, (text) => Buffer.from(text, "base64").toString("utf8")),
      ...mapTexts(plain, (text) => text),
    });
  }

  get services(): readonly Service[] {
    return this.objects.flatMap(({ kind, group, name, namespace, manifest }) => {
      if (kind !== "Service" || group !== "" || namespace === undefined) return [];
      const ports = isRecord(manifest.spec) && Array.isArray(manifest.spec.ports) ? manifest.spec.ports : [];
      return [
        {
          name,
          namespace,
          ports: ports.flatMap((each) =>
            isRecord(each) && typeof each.port === "number" ? [each.port] : [],
          ),
        },
      ];
    });
  }
}

/** The placeholder of a login's password. The component of the databases names it after the login. */
const LOGIN = /^<secret:random:postgres-databases-(.+)>$/;

/** What binds a login of the platform's own PostgreSQL, which is the only source of a local run. */
const BINDING = /_(HOSTS|SSLMODE)$/;
const OWN_SERVER = { HOSTS: `${hostOf(POSTGRES.primary, DATABASES.namespace)}:5432`, SSLMODE: "verify-full" };

/** The placeholder of a secret key of object storage. The component of the store names it after the user. */
const STORE_USER = /^<secret:random:minio-provisioning-(.+)>$/;

/**
 * A plan masks everything in a Secret, including user names, access keys and the servers that a login is bound to. The
 * placeholder of the password or secret key still contains the name.
 */
function withLogins(content: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => {
      if (value !== ANY_SECRET) return [key, value];
      const [, binding] = BINDING.exec(key) ?? [];
      if (binding === "HOSTS" || binding === "SSLMODE") return [key, OWN_SERVER[binding]];
      const secretKey = content[key.replace(/_ACCESS_KEY_ID$/, "_SECRET_ACCESS_KEY")] ?? "";
      const user = key.endsWith("_ACCESS_KEY_ID") ? STORE_USER.exec(secretKey)?.[1] : undefined;
      if (user) return [key, user];
      const password = content[key.replace(/_USER$/, "_PASSWORD")] ?? "";
      const login = key.endsWith("_USER") ? LOGIN.exec(password)?.[1] : undefined;
      return [key, login ?? value];
    }),
  );
}

function mapTexts(of: unknown, map: (text: string) => string): Record<string, string> {
  if (typeof of !== "object" || of === null) return {};
  return Object.fromEntries(
    Object.entries(of).flatMap(([key, value]) => (typeof value === "string" ? [[key, map(value)]] : [])),
  );
}
