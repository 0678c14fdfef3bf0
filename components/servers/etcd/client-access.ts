import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../shared/pki";

/** How Patroni reaches an etcd cluster. */
export interface EtcdAccess {
  /** Client addresses of the members, each as host:port. */
  readonly hosts: pulumi.Input<readonly string[]>;
  /** The CA certificate (PEM) that signed the members' certificates. */
  readonly authority: pulumi.Input<string>;
  /** The client certificate. It has no common name: etcd's JSON gateway refuses one that does. */
  readonly certificate: pulumi.Output<KeyPair>;
  /** The password of the user `patroni`. @default etcd has no users */
  readonly password?: pulumi.Input<string> | undefined;
}
