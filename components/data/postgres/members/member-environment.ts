import { POSTGRES } from "../names";

/** A variable of a container: a value, which may refer to earlier variables as $(NAME), or a fact about the pod. */
export type Variable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } };

/** Where a member listens. */
export interface MemberPorts {
  /** PostgreSQL's port. */
  readonly postgres: number;
  /** Port of Patroni's REST API. */
  readonly rest: number;
}

/**
 * The variables that differ between members. Members announce PostgreSQL and the REST API by the pod's IP address, never
 * by name: a member that resolves a name waits for DNS without any of Patroni's time limits, so with a name a dead DNS
 * prevents elections and keeps an isolated leader in office long after its lease. A new pod has a new address; Patroni
 * announces it at each start, before the member takes part in anything.
 *
 * No certificate contains the address of a pod. Members verify each other by a name that the certificate contains
 * (`ctl.server_name` in patroni.yml).
 */
export function memberEnvironment(ports: MemberPorts = POSTGRES.ports): Variable[] {
  return [
    { name: "PATRONI_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "PATRONI_POSTGRESQL_CONNECT_ADDRESS", value: `$(POD_IP):${ports.postgres}` },
    { name: "PATRONI_RESTAPI_CONNECT_ADDRESS", value: `$(POD_IP):${ports.rest}` },
    // Patroni reads etcd's password from the environment only if another etcd setting comes from there too.
    { name: "PATRONI_ETCD3_PROTOCOL", value: "https" },
  ];
}

/**
 * The resolver's options in a member's pod (`dnsConfig`), for what is still found by name: the archive's store, and etcd
 * on clusters whose servers are not ours. Such names are complete, so they are tried as they are first (ndots), and a
 * dead DNS costs a second for each try instead of 10 (timeout, attempts).
 */
export const MEMBER_RESOLVER = {
  options: [
    { name: "ndots", value: "1" },
    { name: "timeout", value: "1" },
    { name: "attempts", value: "1" },
  ],
};
