import { POSTGRES } from "../names";

/** A variable of a container: a value, which may name variables before it as $(NAME), or a fact about the pod. */
export type Variable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } };

/**
 * What differs between members. PostgreSQL is known by its address, which EndpointSlices want and which Patroni
 * announces anew after each start; the REST API by its name, which its certificate holds.
 */
export function memberEnvironment(namespace: string): Variable[] {
  const name = `$(PATRONI_NAME).${POSTGRES.headless}.${namespace}.svc.cluster.local`;
  return [
    { name: "PATRONI_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "PATRONI_POSTGRESQL_CONNECT_ADDRESS", value: `$(POD_IP):${POSTGRES.ports.postgres}` },
    { name: "PATRONI_RESTAPI_CONNECT_ADDRESS", value: `${name}:${POSTGRES.ports.rest}` },
    // Patroni takes etcd's password from the environment only where another of etcd's settings comes from there too.
    { name: "PATRONI_ETCD3_PROTOCOL", value: "https" },
  ];
}
