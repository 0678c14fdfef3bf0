import { POSTGRES } from "../names";

/** A variable of a container: a value, which may refer to earlier variables as $(NAME), or a fact about the pod. */
export type Variable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } };

/**
 * The variables that differ between members. Members announce PostgreSQL by IP address, because EndpointSlices need one
 * and Patroni announces it again after each start. They announce the REST API by host name, because its certificate
 * contains the name.
 */
export function memberEnvironment(namespace: string): Variable[] {
  const name = `$(PATRONI_NAME).${POSTGRES.headless}.${namespace}.svc.cluster.local`;
  return [
    { name: "PATRONI_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "PATRONI_POSTGRESQL_CONNECT_ADDRESS", value: `$(POD_IP):${POSTGRES.ports.postgres}` },
    { name: "PATRONI_RESTAPI_CONNECT_ADDRESS", value: `${name}:${POSTGRES.ports.rest}` },
    // Patroni reads etcd's password from the environment only if another etcd setting comes from there too.
    { name: "PATRONI_ETCD3_PROTOCOL", value: "https" },
  ];
}
