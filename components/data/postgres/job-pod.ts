import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { secretVariable } from "../../shared/pods";
import { PASSWORD_VARIABLES } from "./logins";

/** Mount paths of the certificates for etcd and PostgreSQL in pods of the jobs image. */
export const ETCD_FOLDER = "/etc/trellis/etcd";
export const SERVER_FOLDER = "/etc/trellis/postgres";

type Variable = k8s.types.input.core.v1.EnvVar;

/** Environment for access to etcd, as `jobs postgres` reads it. */
export function etcdEnvironment(
  hosts: pulumi.Input<readonly string[]>,
  passwords: pulumi.Input<string> | undefined,
): Variable[] {
  return [
    {
      name: "ETCD_ENDPOINTS",
      value: pulumi.output(hosts).apply((each) => each.map((host) => `https://${host}`).join()),
    },
    { name: "ETCD_CACERT", value: `${ETCD_FOLDER}/ca.crt` },
    { name: "ETCD_CERT", value: `${ETCD_FOLDER}/tls.crt` },
    { name: "ETCD_KEY", value: `${ETCD_FOLDER}/tls.key` },
    ...(passwords ? [secretVariable("ETCD_PASSWORD", passwords, PASSWORD_VARIABLES.etcd)] : []),
  ];
}

/** PostgreSQL and libpq refuse a private key that others may read. With mode 0440, only the pod's own group may. */
export function secretVolume(name: string, secretName: pulumi.Input<string>): k8s.types.input.core.v1.Volume {
  return { name, secret: { secretName, defaultMode: 0o440 } };
}
