import { fields, list, type Plan, type PlannedResource } from "../plan";
import { isLastingKey } from "./lasting-keys";
import { type Finding, findings, type Rule } from "./rule";

export const protectedData: Rule = {
  name: "protected-data",
  reason:
    "One wrong line in a settings file could delete a server, a volume, a database or a key that nobody can make again.",
  remedy: "Set target.protection, and let the component pass `protect` to the resource.",
  scope: "stack",
  check: (plan) =>
    plan.settings.environment === "prod" ? plan.resources.flatMap((each) => judge(each, plan)) : [],
};

function judge(resource: PlannedResource, plan: Plan): Finding[] {
  const kind = kindOf(resource, plan);
  if (kind === undefined) return [];
  const cloud = resource.type.startsWith("hcloud:") && !resource.type.endsWith(":NetworkSubnet");
  return findings(resource.name, [
    resource.options.protect !== true && `${kind} is not protected: Pulumi would delete it`,
    cloud &&
      resource.inputs.deleteProtection !== true &&
      `${kind} has no deleteProtection: Hetzner would delete it`,
  ]);
}

const CLOUD: Readonly<Record<string, string>> = {
  "hcloud:index/server:Server": "a server",
  "hcloud:index/volume:Volume": "a volume",
  "hcloud:index/network:Network": "a network",
  "hcloud:index/networkSubnet:NetworkSubnet": "a subnet",
  "hcloud:index/primaryIp:PrimaryIp": "a server's address",
  "hcloud:index/floatingIp:FloatingIp": "the floating IP",
};

/** What kind of irreplaceable thing a resource is. Undefined if a deployment can make it again. */
function kindOf(resource: PlannedResource, plan: Plan): string | undefined {
  const { type } = resource;
  if (CLOUD[type]) return CLOUD[type];
  if (type.startsWith("kubernetes:")) return kubernetesKind(resource, plan);
  if (type.endsWith(":SelfSignedCert") && resource.inputs.isCaCertificate === true) return "a CA";
  if (type.endsWith(":PrivateKey") && isAuthority(resource, plan)) return "the key of a CA";
  return isLastingKey(type, resource.name) ? "a key" : undefined;
}

function isAuthority({ urn }: PlannedResource, { resources }: Plan): boolean {
  return resources.some(
    ({ type, inputs, propertyDependencies = {} }) =>
      type.endsWith(":SelfSignedCert") &&
      inputs.isCaCertificate === true &&
      Object.values(propertyDependencies).some((urns) => urns.includes(urn)),
  );
}

function kubernetesKind(resource: PlannedResource, plan: Plan): string | undefined {
  const object = plan.objects.find(({ carrier, direct }) => direct && carrier === resource);
  if (!object) return undefined;
  if (holdsData(object.kind, object.manifest.spec))
    return object.kind === "StatefulSet" ? "a database" : "a volume";
  const contents = plan.objects.filter(({ direct, namespace }) => direct && namespace === object.name);
  const withData = contents.some(({ kind, manifest }) => holdsData(kind, manifest.spec));
  return object.kind === "Namespace" && withData ? "a namespace with data" : undefined;
}

function holdsData(kind: string, spec: unknown): boolean {
  if (kind === "PersistentVolumeClaim") return true;
  return kind === "StatefulSet" && list(fields(spec).volumeClaimTemplates).length > 0;
}
