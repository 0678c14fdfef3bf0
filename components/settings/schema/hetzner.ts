import { z } from "zod";
import { locationNames, serverTypeNames } from "../hetzner-catalogue";
import {
  cidr,
  httpsUrl,
  kubernetesName,
  labelName,
  labelValue,
  ownNamespace,
  registryHost,
  sshPublicKey,
} from "../values";
import { ROLES, says, wholeNumber } from "./kinds";
import { oidc } from "./oidc";

/** A node's number is part of its name and its address, so the addresses of a location limit it. */
const MOST_SERVERS_A_LOCATION = 200;
const nodeNumber = wholeNumber(1, MOST_SERVERS_A_LOCATION);

const servers = z.strictObject({
  location: z
    .enum(locationNames)
    .meta(
      says(
        "Location of these servers. Locations of one network zone share a private network; several zones form a mesh over public addresses.",
      ),
    ),
  types: z
    .array(
      z.enum(serverTypeNames).meta({ title: "server types" }),
      "a list of strings, for example `[ccx23, cpx42]`",
    )
    .min(1)
    .max(6)
    .meta(
      says(
        "Server types in order of preference: the program takes the first that is in stock. All must have the same memory, which is part of the servers' names, and the same CPU architecture.",
      ),
    ),
  roles: z
    .array(z.enum(ROLES), "a list of strings, for example `[control-plane, workload]`")
    .min(1)
    .max(3)
    .default([...ROLES])
    .meta(says("What runs on these servers. A server with only `workload` is a K3s agent.", "all three")),
  count: wholeNumber(1, MOST_SERVERS_A_LOCATION)
    .optional()
    .meta(says("Number of servers, numbered from 1. Set either this or `numbers`.", "1")),
  numbers: z
    .array(nodeNumber, "a list of numbers, for example `[1, 2, 4]`")
    .min(1)
    .max(MOST_SERVERS_A_LOCATION)
    .optional()
    .meta(
      says(
        "Numbers of the servers in their location, instead of `count`. Adding or removing a number does not affect the other servers.",
        "from 1 to `count`",
      ),
    ),
  labels: z
    .record(labelName, labelValue)
    .default({})
    .meta(
      says(
        "Labels that these servers' nodes get when they join, for example `{ disk: nvme }`. On nodes that exist, set them with `kubectl label node` too.",
        "none",
      ),
    ),
});

const network = z
  .strictObject({
    servers: cidr
      .default(cidr.parse("10.0.0.0/16"))
      .meta(says("Range of the private network, which exists if all servers are in one network zone.")),
    pods: cidr
      .default(cidr.parse("10.42.0.0/16"))
      .meta(says("Pod addresses. K3s gives each node a /24, so the size limits the number of nodes.")),
    services: cidr
      .default(cidr.parse("10.43.0.0/16"))
      .meta(says("Addresses of the cluster's Services. CoreDNS has the tenth.")),
  })
  .prefault({});

const access = z.strictObject({
  sshKeys: z
    .array(
      z.strictObject({
        name: kubernetesName.meta(
          says("Name of an SSH key that can log in to the servers. They accept no passwords."),
        ),
        publicKey: sshPublicKey.meta(says("The public key.")),
      }),
      "a list of keys, each with `name` and `publicKey`",
    )
    .min(1)
    .max(50),
  from: z
    .array(cidr, "a list of ranges, for example `[203.0.113.0/24]`")
    .min(1)
    .max(50)
    .meta(says("Source ranges that can reach SSH and the Kubernetes API.")),
  web: z
    .array(cidr, "a list of ranges, for example `[203.0.113.0/24]`")
    .min(1)
    .max(50)
    .optional()
    .meta(
      says(
        "Source ranges that can open the web interfaces of Airflow, Grafana and MinIO. Everyone else gets 403; `[0.0.0.0/0]` opens them to all.",
        "`target.access.from`",
      ),
    ),
});

const edgeKind = says(
  "How traffic reaches HAProxy: a floating IP that keepalived moves between servers of the control plane, a managed load balancer, or DNS records only. The first two require that all servers are in one network zone.",
);

const edge = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("floating-ip").meta(edgeKind),
    virtualRouterId: wholeNumber(1, 255)
      .default(51)
      .meta(
        says(
          "With `floating-ip`: the VRRP group. Change it only if another keepalived in the private network uses the same one.",
        ),
      ),
  }),
  z.strictObject({
    kind: z.literal("load-balancer").meta(edgeKind),
    type: z
      .enum(["lb11", "lb21", "lb31"])
      .default("lb11")
      .meta(
        says("With `load-balancer`: its type, which limits how many servers it reaches (25, 75 or 150)."),
      ),
  }),
  z.strictObject({ kind: z.literal("dns").meta(edgeKind) }),
]);

const etcd = z
  .strictObject({
    quotaGib: wholeNumber(1, 8)
      .default(4)
      .meta(
        says(
          "Size in GiB at which etcd refuses writes. A larger database needs more memory and a longer restore.",
        ),
      ),
    snapshotEveryHours: wholeNumber(1, 24)
      .default(6)
      .meta(
        says(
          "Hours between two etcd snapshots. Fewer hours lose less in a restore and store more snapshots.",
        ),
      ),
    snapshotKeepDays: wholeNumber(1, 365)
      .default(30)
      .meta(says("Days to keep etcd snapshots. More days need more space.")),
  })
  .prefault({});

const kubernetes = z
  .strictObject({
    upgradeWindow: z
      .strictObject({
        startHour: wholeNumber(0, 23).meta(
          says("Hour (UTC) from which K3s may be upgraded on the nodes, one after the other.", "1"),
        ),
        lengthHours: wholeNumber(1, 24).meta(
          says("Hours that this window is open. Nodes that are left wait for the next day.", "4"),
        ),
      })
      .default({ startHour: 1, lengthHours: 4 }),
    oidc: oidc.optional(),
    ingressNamespaces: z
      .array(ownNamespace, "a list of namespaces, for example `[shop]`")
      .max(50)
      .default([])
      .meta(
        says(
          "Namespaces of your own with an Ingress, which must exist. Traefik forwards to their pods and reads their Secrets; it ignores an Ingress in any other. Remove a name before you delete its namespace.",
        ),
      ),
    registryMirrors: z
      .record(
        registryHost,
        z
          .array(httpsUrl, "a list of addresses, for example `[https://mirror.example.com]`")
          .min(1)
          .max(5)
          .meta(
            says(
              "Mirrors of this registry, which nodes ask first, in this order. Applies to new servers; on those that exist, write `/etc/rancher/k3s/registries.yaml` and restart K3s, or rebuild them.",
            ),
          ),
      )
      .default({}),
  })
  .prefault({});

const addons = z
  .strictObject({
    certManager: z
      .boolean()
      .default(true)
      .meta(
        says(
          "Installs cert-manager, which gets certificates from Let's Encrypt. Outside prod they are from its staging service, which browsers do not trust.",
        ),
      ),
    monitoring: z
      .boolean()
      .default(true)
      .meta(says("Installs Prometheus, Alertmanager and Grafana. Without it there are no alerts.")),
    hetzner: z
      .boolean()
      .default(true)
      .meta(says("Installs Hetzner's cloud controller manager and its CSI driver for volumes.")),
  })
  .prefault({});

const price = z.number("a number").min(0).max(100_000);

export const hetznerTarget = z.strictObject({
  kind: z.literal("hetzner").meta(says("Creates servers at Hetzner and a cluster on them.")),
  /** The names, addresses and roles of all servers derive from this list only. */
  servers: z.array(servers, "a list of groups of servers, each with `location` and `types`").min(1).max(30),
  network,
  access,
  edge,
  etcd,
  kubernetes,
  addons,
  protection: z
    .boolean()
    .default(true)
    .meta(
      says(
        "Refuses to destroy the stack, to delete or rebuild servers and addresses (at Hetzner too), and to delete or replace what nobody can create again: namespaces, databases, object storage, CAs, keys, passphrases.",
      ),
    ),
  generations: z
    .record(z.string().max(64), wholeNumber(1, 1_000_000).meta({ derived: "1" }))
    .default({})
    .meta(
      says(
        "By server name. Increment this number to rebuild a server ([runbook](runbooks/replace-node.md)). Changed files alone need no rebuild: `npx trellis apply` brings them to running servers.",
      ),
    ),
  prices: z
    .record(z.string().max(64), price.meta({ derived: "a built-in table" }))
    .default({})
    .meta(
      says(
        "Monthly prices in euros that override the built-in ones in the output `monthlyCost`, by billed item such as `ccx23` ([costs](costs.md)).",
      ),
    ),
});
export type HetznerTarget = z.infer<typeof hetznerTarget>;
