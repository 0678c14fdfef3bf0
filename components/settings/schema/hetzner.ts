import { z } from "zod";
import { locationNames, serverTypeNames } from "../hetzner-catalogue";
import { cidr, kubernetesName, sshPublicKey } from "../values";
import { ROLES, says, wholeNumber } from "./kinds";

/** A node's number is part of its name and its address, so it is bounded by the addresses of a location. */
const MOST_SERVERS_A_LOCATION = 200;
const nodeNumber = wholeNumber(1, MOST_SERVERS_A_LOCATION);

const servers = z.strictObject({
  location: z
    .enum(locationNames)
    .meta(
      says(
        "Where these servers stand. Locations of one network zone share a private network; several zones make a mesh over public addresses.",
      ),
    ),
  types: z
    .array(z.enum(serverTypeNames).meta({ title: "server types" }))
    .min(1)
    .max(6)
    .meta(
      says(
        "The wanted type, then what to take instead where that is sold out; all of one memory size, which is part of the names.",
      ),
    ),
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .max(3)
    .default([...ROLES])
    .meta(says("What they do. A server with `workload` alone is an agent.", "all three")),
  count: wholeNumber(1, MOST_SERVERS_A_LOCATION)
    .optional()
    .meta(says("How many: short for the numbers from 1 to this.", "1")),
  numbers: z
    .array(nodeNumber)
    .min(1)
    .max(MOST_SERVERS_A_LOCATION)
    .optional()
    .meta(
      says(
        "The servers' numbers in their location, instead of a count: any one comes and goes without touching another.",
        "from 1 to `count`",
      ),
    ),
});

const network = z
  .strictObject({
    servers: cidr
      .default(cidr.parse("10.0.0.0/16"))
      .meta(says("The private network, where all servers share one network zone.")),
    pods: cidr.default(cidr.parse("10.42.0.0/16")).meta(says("The addresses of the pods.")),
    services: cidr
      .default(cidr.parse("10.43.0.0/16"))
      .meta(says("The virtual addresses of the cluster's services; the tenth is the name server.")),
  })
  .prefault({});

const access = z.strictObject({
  sshKeys: z
    .array(
      z.strictObject({
        name: kubernetesName.meta(says("Who may log in to servers, by key alone.")),
        publicKey: sshPublicKey.meta(says("The public half of that key.")),
      }),
    )
    .min(1)
    .max(50),
  from: z.array(cidr).min(1).max(50).meta(says("From where SSH and the Kubernetes API are reached.")),
});

const edgeKind = says(
  "What stands in front of HAProxy: keepalived and a floating IP that it moves, a managed load balancer, or the DNS records alone. The first two need one network zone.",
);

const edge = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("floating-ip").meta(edgeKind),
    virtualRouterId: wholeNumber(1, 255)
      .default(51)
      .meta(
        says(
          "With `floating-ip`: the VRRP group; to be changed only where another keepalived shares the private network.",
        ),
      ),
  }),
  z.strictObject({
    kind: z.literal("load-balancer").meta(edgeKind),
    type: z.enum(["lb11", "lb21", "lb31"]).default("lb11").meta(says("With `load-balancer`: its size.")),
  }),
  z.strictObject({ kind: z.literal("dns").meta(edgeKind) }),
]);

const etcd = z
  .strictObject({
    quotaGib: wholeNumber(1, 8).default(4).meta(says("The size at which etcd refuses to grow.")),
    snapshotEveryHours: wholeNumber(1, 24).default(6).meta(says("Hours between two snapshots.")),
    snapshotKeepDays: wholeNumber(1, 365).default(30).meta(says("Days for which snapshots are kept.")),
  })
  .prefault({});

const kubernetes = z
  .strictObject({
    upgradeWindow: z
      .strictObject({
        startHour: wholeNumber(0, 23).meta(
          says("From when (UTC) the K3s program of nodes may be replaced.", "1"),
        ),
        lengthHours: wholeNumber(1, 24).meta(says("For how long it may.", "4")),
      })
      .default({ startHour: 1, lengthHours: 4 }),
  })
  .prefault({});

const addons = z
  .strictObject({
    certManager: z
      .boolean()
      .default(true)
      .meta(says("Certificates from Let's Encrypt; from its staging side outside of prod.")),
    monitoring: z.boolean().default(true).meta(says("Prometheus, Alertmanager and Grafana.")),
    hetzner: z.boolean().default(true).meta(says("Hetzner's cloud controller and volumes.")),
  })
  .prefault({});

const price = z.number().min(0).max(100_000);

export const hetznerTarget = z.strictObject({
  kind: z.literal("hetzner").meta(says("Servers of its own.")),
  /** Declared once; all else derives from this list. */
  servers: z.array(servers).min(1).max(30),
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
        "Refuses, at Hetzner too, to delete and rebuild servers, addresses and volumes; refuses to destroy the stack, and to delete or replace alone what could not be made again: namespaces, databases, object storage, CAs, keys, passphrases.",
      ),
    ),
  generations: z
    .record(z.string().max(64), wholeNumber(1, 1_000_000).meta({ derived: "1" }))
    .default({})
    .meta(
      says(
        "By the name of a server. A changed first boot alone replaces nothing; raising this replaces that server ([runbook](runbooks/replace-node.md)).",
      ),
    ),
  prices: z
    .record(z.string().max(64), price.meta({ derived: "a built-in table" }))
    .default({})
    .meta(
      says(
        "Monthly prices in euros that differ from the built-in ones, by the name of what is billed, for the output `monthlyCost` ([costs](costs.md)).",
      ),
    ),
});
export type HetznerTarget = z.infer<typeof hetznerTarget>;
