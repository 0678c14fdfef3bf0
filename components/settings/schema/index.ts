import { z } from "zod";
import { bucketName, domainName, emailAddress, httpsUrl, imageRepository, kubernetesName } from "../values";
import { existingTarget } from "./existing";
import { gardenos } from "./gardenos";
import { hetznerTarget } from "./hetzner";
import { ENVIRONMENTS, s3Region, says, wholeNumber } from "./kinds";
import { monitoring } from "./monitoring";
import { minio } from "./object-storage";
import { backup, operations, postgres } from "./services";
import { airflow, datasurface, rain } from "./systems";

export { type ExistingTarget, existingTarget } from "./existing";
export { type HetznerTarget, hetznerTarget } from "./hetzner";
export { ENVIRONMENTS, type Environment, type Role } from "./kinds";
export { ALERT_SECRETS, type AlertReceivers, type AlertSecret, type MonitoringSettings } from "./monitoring";
export type { ExternalStoreSettings, OwnStoreSettings } from "./object-storage";
export type { Oidc } from "./oidc";
export { USUAL } from "./services";

const target = z.discriminatedUnion("kind", [hetznerTarget, existingTarget]);

const offsite = z.strictObject({
  endpoint: httpsUrl.meta(
    says(
      "S3 endpoint outside the cluster, for copies of etcd snapshots, backups and WAL. Without it they are lost with the cluster; prod warns.",
      "none",
    ),
  ),
  region: s3Region.meta({
    title: "region",
    ...says("S3 region of that endpoint.", "required in `offsite`"),
  }),
  bucket: bucketName.meta(
    says("Bucket at that endpoint; no other stack may use it.", "required in `offsite`"),
  ),
});

const images = z.strictObject({
  repository: imageRepository.meta(
    says(
      "Name prefix of the images that the program builds and pushes: `<repository>-jobs`, `-postgres` and `-recovery`. Log in to that registry before `pulumi up`.",
    ),
  ),
});

const epochs = z
  .strictObject({
    certificates: wholeNumber(1, 1_000_000)
      .default(1)
      .meta(
        says(
          "Increment to renew all certificates that the CAs issued ([runbook](runbooks/rotate-certificates.md)).",
        ),
      ),
    kubeconfigs: wholeNumber(1, 1_000_000)
      .default(1)
      .meta(
        says(
          "Increment to revoke the kubeconfigs of developers and readers at once and to issue new ones ([runbook](runbooks/rotate-certificates.md#a-kubeconfig-has-leaked)).",
        ),
      ),
  })
  .prefault({});

export const settingsSchema = z.strictObject({
  environment: z
    .enum(ENVIRONMENTS)
    .meta(
      says(
        "How strict the checks are and how large the defaults. `prod` requires three etcd members, two API servers, synchronous replication, and an API that is not open to the internet.",
      ),
    ),
  cluster: kubernetesName
    .default(kubernetesName.parse("trellis"))
    .meta(
      says(
        "Name of the cluster, in resource names, labels and Patroni's scope. Keep it once the cluster is deployed.",
      ),
    ),
  domain: domainName.meta(
    says("Parent domain of all endpoints. The output `dns` lists the records to create."),
  ),
  contact: emailAddress.meta(says("E-mail address for certificate-expiry notices.")),
  target,
  offsite: offsite.optional(),
  images,
  postgres,
  minio,
  backup,
  airflow,
  rain,
  datasurface: datasurface.optional(),
  gardenos: gardenos.optional(),
  monitoring,
  operations,
  epochs,
  acceptLoss: z
    .array(
      z.string().max(200).meta({ title: "names of resources" }),
      "a list of names, for example `[rain-archive]`",
    )
    .default([])
    .meta(
      says(
        "Resources of prod that a preview may delete or replace: servers, volumes, networks, databases, keys. `npm run policy` fails for any other. Remove a name once the change is deployed.",
      ),
    ),
  acceptOutOfSupport: z
    .array(z.string().max(64).meta({ title: "names of pins" }), "a list of pins, for example `[k3s]`")
    .default([])
    .meta(
      says(
        "Pins of `components/shared/versions.ts` that may be deployed after their support has ended: a warning replaces the refusal.",
      ),
    ),
});

export type Settings = z.infer<typeof settingsSchema>;
export type DataSurfaceSettings = Exclude<Settings["datasurface"], false | undefined>;
export type ServerGroup = Extract<Settings["target"], { kind: "hetzner" }>["servers"][number];
export type Edge = Extract<Settings["target"], { kind: "hetzner" }>["edge"];
export type Offsite = z.infer<typeof offsite>;
