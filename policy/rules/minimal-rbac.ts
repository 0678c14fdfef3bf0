import type { Settings } from "../../components/settings";
import { type Fields, fields, list, type PlannedObject, texts } from "../plan";
import { findings, type Rule } from "./rule";

export const minimalRbac: Rule = {
  name: "minimal-rbac",
  reason: "Rights that nobody needs turn one stolen token into the whole cluster.",
  remedy:
    "Name verbs and resources, restrict secrets to resourceNames, and bind cluster-admin to the administrators' groups only.",
  scope: "resource",
  check: ({ objects, settings }) =>
    objects.flatMap((object) => {
      if (/^(Cluster)?Role$/.test(object.kind)) return findings(object.subject, roleFaults(object));
      if (!/^(Cluster)?RoleBinding$/.test(object.kind)) return [];
      return findings(object.subject, bindingFaults(object, administratorsOf(settings)));
    }),
};

/** The group of the administrator's kubeconfig, and those that the settings name at the OIDC issuer. */
function administratorsOf({ cluster, target }: Settings): readonly unknown[] {
  const oidc = target.kind === "hetzner" ? target.kubernetes.oidc : undefined;
  return [`${cluster}:administrators`, ...(oidc?.administrators ?? []).map((group) => `oidc:${group}`)];
}

const TAKEOVER_VERBS = ["bind", "escalate", "impersonate"];
const TAKEOVER_RESOURCES = [
  "pods/exec",
  "pods/attach",
  "pods/portforward",
  "pods/ephemeralcontainers",
  "nodes/proxy",
];

function roleFaults({ manifest }: PlannedObject): (string | false)[] {
  return list(manifest.rules).flatMap((rule) => {
    const { apiGroups, resources, verbs, resourceNames } = fields(rule);
    const everything = Object.entries({ apiGroups, resources, verbs }).filter(([, named]) =>
      texts(named).includes("*"),
    );
    const taking = texts(verbs).filter((verb) => TAKEOVER_VERBS.includes(verb));
    const entering = texts(resources).filter((resource) => TAKEOVER_RESOURCES.includes(resource));
    const secrets = texts(resources).includes("secrets");
    const lists = texts(verbs).some((verb) => verb === "list" || verb === "watch");
    return [
      ...everything.map(([key]) => `a rule has the wildcard * in ${key}`),
      taking.length > 0 && `a rule allows ${taking.join(", ")}`,
      entering.length > 0 && `a rule allows ${entering.join(", ")}`,
      secrets && lists && "a rule lists secrets, so it reads all of them",
      secrets && !lists && list(resourceNames).length === 0 && "a rule reaches secrets without naming them",
    ];
  });
}

/** The roles that come with Kubernetes and read or write secrets. */
const BROAD_ROLES: readonly unknown[] = ["admin", "cluster-admin", "edit"];
const EVERYONE = /^system:(anonymous|authenticated|unauthenticated|masters|serviceaccounts(:.*)?)$/;

function bindingFaults({ manifest }: PlannedObject, administrators: readonly unknown[]): (string | false)[] {
  const role = fields(manifest.roleRef).name;
  return list(manifest.subjects)
    .map(fields)
    .map((subject: Fields) => {
      const { kind, name } = subject;
      if (typeof name === "string" && EVERYONE.test(name)) return `it gives ${String(role)} to ${name}`;
      if (role === "cluster-admin" && kind === "Group" && administrators.includes(name)) return false;
      return BROAD_ROLES.includes(role) && `it gives ${String(role)} to the ${String(kind)} ${String(name)}`;
    });
}
