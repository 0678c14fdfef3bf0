import { MEMBER_RESOLVER, memberEnvironment, postgresNamespace } from "../../../components/data/postgres";
import { program } from "../programs";

/** The address of the members' name server. */
export const NAME_SERVER = "127.0.1.53";

interface PodOfMember {
  readonly name: string;
  readonly address: string;
  /** Its ports, where several members share an address. @default those of production */
  readonly ports?: { readonly postgres: number; readonly rest: number };
}

/** The variables of a member's pod, with references resolved as the kubelet does. */
export function environmentOfPod({ name, address, ports }: PodOfMember): Record<string, string> {
  const facts: Readonly<Record<string, string>> = { "metadata.name": name, "status.podIP": address };
  const environment: Record<string, string> = {};
  for (const variable of memberEnvironment(ports)) {
    const value = "value" in variable ? variable.value : facts[variable.valueFrom.fieldRef.fieldPath];
    if (value === undefined)
      throw new Error(`${variable.name}: a fact about a pod that this rig does not know`);
    environment[variable.name] = value.replace(/\$\((\w+)\)/g, (_, name) => environment[name] ?? "");
  }
  return environment;
}

/** resolv.conf as the kubelet writes it for a member's pod. */
export function resolverConfig(nameServer = NAME_SERVER): string {
  const options = MEMBER_RESOLVER.options.map(({ name, value }) => `${name}:${value}`);
  const domains = [`${postgresNamespace.name}.svc.cluster.local`, "svc.cluster.local", "cluster.local"];
  return `nameserver ${nameServer}\nsearch ${domains.join(" ")}\noptions ${options.join(" ")}\n`;
}

/**
 * The words that start a command with a resolv.conf of its own: in a mount namespace, because every program looks for it
 * at a fixed path.
 */
export function withResolver(resolverConfig: string, command: readonly string[]): [string, ...string[]] {
  const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
  return [program("unshare"), "--mount", "/bin/sh", "-c", script, "sh", resolverConfig, ...command];
}
