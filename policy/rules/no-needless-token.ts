import { fields, type Plan, type PlannedResource, SERVER } from "../plan";
import { findings, type Rule } from "./rule";

export const noNeedlessToken: Rule = {
  name: "no-needless-token",
  reason:
    "Root on a server reads its user data, also from Hetzner's metadata address: what is in it is lost with the server.",
  remedy:
    "Render the file only for servers with the role that uses it (components/servers/machine-parts.ts).",
  scope: "resource",
  check: (plan) =>
    plan.resources
      .filter(({ type }) => type === SERVER)
      .flatMap((server) => findings(server.name, needless(server, plan))),
};

interface Secret {
  readonly what: string;
  readonly isIn: (path: string, content: string) => boolean;
  /** The roles of which one needs it. */
  readonly neededBy: readonly string[];
}

const at = (pattern: RegExp) => (path: string) => pattern.test(path);

/** The secrets of user data that take over more than the server itself. */
const SECRETS: readonly Secret[] = [
  {
    what: "the Hetzner token",
    isIn: (path, content) => path.endsWith("/floating-ip.authorization") || /hcloudToken/.test(content),
    neededBy: ["etcd", "control-plane"],
  },
  { what: "K3s' CA keys", isIn: at(/\/k3s\/server\/tls\/.*\.key$/), neededBy: ["control-plane"] },
  {
    what: "the key of Kubernetes' secrets",
    isIn: at(/\/encryption-config\.json$/),
    neededBy: ["control-plane"],
  },
  {
    what: "K3s' access to etcd",
    isIn: at(/\/etc\/rancher\/k3s\/etcd\/.*\.key$/),
    neededBy: ["control-plane"],
  },
  { what: "etcd's keys", isIn: at(/^\/etc\/etcd\/tls\/.*\.key$/), neededBy: ["etcd"] },
  { what: "the key of etcd's snapshots", isIn: at(/\/snapshot\.identity$/), neededBy: ["etcd"] },
];

function needless(
  { inputs, urn }: PlannedResource,
  { settings: { target }, serverFiles }: Plan,
): (string | false)[] {
  const files = [...(serverFiles.get(urn) ?? [])];
  const labels = fields(inputs.labels);
  const floating = target.kind === "hetzner" && target.edge.kind === "floating-ip";
  return SECRETS.map(({ what, isIn, neededBy }) => {
    const holder = files.find(([path, content]) => isIn(path, content));
    const needed = neededBy.some((role) => labels[`trellis-role-${role}`] === "true");
    const used = floating || what !== "the Hetzner token";
    return (
      holder !== undefined &&
      !(needed && used) &&
      `its user data has ${what} (${holder[0]}), which it does not need`
    );
  });
}
