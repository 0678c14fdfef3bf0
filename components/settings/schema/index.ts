import { z } from "zod";
import { bucketName, domainName, emailAddress, httpsUrl, imageRepository, kubernetesName } from "../values";
import { existingTarget } from "./existing";
import { hetznerTarget } from "./hetzner";
import { ENVIRONMENTS, says, wholeNumber } from "./kinds";
import { airflow, backup, datasurface, minio, postgres } from "./services";

export { type ExistingTarget, existingTarget } from "./existing";
export { type HetznerTarget, hetznerTarget } from "./hetzner";
export { ENVIRONMENTS, type Environment, type Role } from "./kinds";

const target = z.discriminatedUnion("kind", [hetznerTarget, existingTarget]);

const offsite = z.strictObject({
  endpoint: httpsUrl.meta(
    says("Object storage off the cluster, for snapshots and backups; prod is warned without it.", "none"),
  ),
  region: z
    .string()
    .regex(/^[a-z0-9-]{2,40}$/, { error: "a region's name, such as fsn1 or eu-central-1" })
    .meta({ title: "region", ...says("Its region.", "required in `offsite`") }),
  bucket: bucketName.meta(says("A bucket of its own.", "required in `offsite`")),
});

const images = z.strictObject({
  repository: imageRepository.meta(
    says(
      "Where the program pushes the images that it builds, as `<repository>-jobs`, `-postgres` and `-recovery`; who pushes is logged in.",
    ),
  ),
});

const epochs = z
  .strictObject({
    certificates: wholeNumber(1, 1_000_000)
      .default(1)
      .meta(
        says(
          "Raised to renew all certificates below the authorities ([runbook](runbooks/rotate-certificates.md)).",
        ),
      ),
  })
  .prefault({});

export const settingsSchema = z.strictObject({
  environment: z
    .enum(ENVIRONMENTS)
    .meta(
      says(
        "The strictness of the checks and the size of the defaults. prod wants three etcd members, two API servers, synchronous replication, and an API that is not open to the world.",
      ),
    ),
  cluster: kubernetesName
    .default(kubernetesName.parse("trellis"))
    .meta(says("What the cluster is called, in names and labels.")),
  domain: domainName.meta(says("All endpoints live below it; the output `dns` has its records.")),
  contact: emailAddress.meta(says("Who hears of expiring certificates.")),
  target,
  offsite: offsite.optional(),
  images,
  postgres,
  minio,
  backup,
  airflow,
  datasurface: datasurface.optional(),
  epochs,
  acceptOutOfSupport: z
    .array(z.string().max(64).meta({ title: "names of pins" }))
    .default([])
    .meta(
      says("Pins of `components/shared/versions.ts` that may be deployed although their support has ended."),
    ),
});

export type Settings = z.infer<typeof settingsSchema>;
export type ServerGroup = Extract<Settings["target"], { kind: "hetzner" }>["servers"][number];
export type Edge = Extract<Settings["target"], { kind: "hetzner" }>["edge"];
export type Offsite = z.infer<typeof offsite>;
