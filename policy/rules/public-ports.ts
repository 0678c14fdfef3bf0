import type { Settings } from "../../components/settings";
import { SERVER_PORTS } from "../../components/shared/address-plan";
import { type Fields, fields, list, type Plan, texts } from "../plan";
import { findings, type Rule } from "./rule";

export const publicPorts: Rule = {
  name: "public-ports",
  reason: "A port that the settings do not list is one that nobody watches.",
  remedy:
    "Remove the rule, or restrict its sources to target.access.from. Only HTTP and HTTPS are for everybody.",
  scope: "stack",
  check: (plan) => [...firewalls(plan), ...balancers(plan), ...services(plan)],
};

const SSH = 22;
const { http, https, kubernetesApi } = SERVER_PORTS;
const FOR_EVERYBODY: readonly string[] = [http, https].map(String);
const FOR_ADMINISTRATORS: readonly string[] = [SSH, kubernetesApi].map(String);

function firewalls({ resources, settings }: Plan) {
  const servers = new Set(
    resources
      .filter(({ type }) => type.endsWith(":PrimaryIp"))
      .flatMap(({ outputs, inputs }) => (outputs ?? inputs).ipAddress ?? [])
      .map((address) => `${String(address)}/32`),
  );
  return resources
    .filter(({ type }) => type.endsWith("/firewall:Firewall"))
    .flatMap(({ name, inputs }) =>
      findings(
        name,
        list(inputs.rules)
          .map(fields)
          .flatMap((rule) => strangers(rule, settings, servers)),
      ),
    );
}

/** A message for a rule whose sources include some that the settings do not list for its port. */
function strangers(rule: Fields, settings: Settings, servers: ReadonlySet<string>): string[] {
  if (rule.direction !== "in" || rule.protocol === "icmp") return [];
  const port = String(rule.port);
  if (rule.protocol === "tcp" && FOR_EVERYBODY.includes(port)) return [];
  const administrators: readonly string[] =
    settings.target.kind === "hetzner" ? settings.target.access.from : [];
  const listed = (source: string) =>
    servers.has(source) ||
    (rule.protocol === "tcp" && FOR_ADMINISTRATORS.includes(port) && administrators.includes(source));
  const others = texts(rule.sourceIps).filter((source) => !listed(source));
  return others.length === 0
    ? []
    : [`port ${port} (${String(rule.protocol)}) is open to ${others.join(", ")}`];
}

/** Hetzner has no firewall in front of a load balancer. */
function balancers({ resources, settings }: Plan) {
  const open =
    settings.target.kind === "hetzner" &&
    (settings.target.access.from as readonly string[]).includes("0.0.0.0/0");
  const allowed = [...FOR_EVERYBODY, ...(open ? [String(kubernetesApi)] : [])];
  return resources
    .filter(({ type }) => type.endsWith("/loadBalancerService:LoadBalancerService"))
    .flatMap(({ name, inputs }) =>
      findings(name, [
        !allowed.includes(String(inputs.listenPort)) &&
          `the load balancer forwards port ${String(inputs.listenPort)} for everybody`,
      ]),
    );
}

/** Hetzner's firewall closes NodePorts; on a cluster of others nobody knows. A load balancer opens a public address. */
function services({ objects, settings }: Plan) {
  const refused = settings.target.kind === "hetzner" ? ["LoadBalancer"] : ["LoadBalancer", "NodePort"];
  return objects
    .filter(({ kind }) => kind === "Service")
    .flatMap(({ subject, manifest }) => {
      const { type, externalIPs } = fields(manifest.spec);
      return findings(subject, [
        refused.includes(String(type)) && `the Service has the type ${String(type)}`,
        list(externalIPs).length > 0 && `the Service takes the addresses ${texts(externalIPs).join(", ")}`,
      ]);
    });
}
