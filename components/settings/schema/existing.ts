import { z } from "zod";
import { cidr, kubernetesName } from "../values";
import { says } from "./kinds";

export const existingTarget = z.strictObject({
  kind: z
    .literal("existing")
    .meta(says("Deploys to an existing cluster. Its servers, add-ons and upgrades stay unchanged.")),
  context: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(says("Context in the kubeconfig (secret `trellis:kubeconfig`).", "its current context")),
  nodes: z
    .array(cidr, "a list of ranges, for example `[192.168.10.0/24]`")
    .min(1)
    .max(50)
    .meta(
      says(
        "Address ranges of its nodes and its API. Pods that need the API can connect to these ranges only.",
      ),
    ),
  pods: cidr.default(cidr.parse("10.42.0.0/16")).meta(says("Address range of its pods.")),
  architectures: z
    .array(
      z.enum(["amd64", "arm64"]).meta({ title: "architectures" }),
      "a list, for example `[amd64, arm64]`",
    )
    .min(1)
    .default(["amd64"])
    .meta(says("CPU architectures of its nodes. Images are built for each of them.")),
  storageClass: kubernetesName
    .default(kubernetesName.parse("local-path"))
    .meta(says("StorageClass of all volumes, unless `postgres` or `minio` names another.")),
  protection: z
    .boolean()
    .default(true)
    .meta(
      says(
        "Refuses to destroy the stack, and to delete or replace what nobody can create again: namespaces, databases, object storage, etcd, CAs, keys, passphrases.",
      ),
    ),
  traefik: z
    .strictObject({
      web: z
        .array(cidr, "a list of ranges, for example `[203.0.113.0/24]`")
        .min(1)
        .max(50)
        .meta(
          says(
            "For a cluster whose ingress is Traefik 3 with its CRDs, which must see the clients' own addresses: source ranges that can open the web interface of Airflow. Our Ingresses then also redirect HTTP to HTTPS, send security headers, and limit requests.",
            "none: our Ingresses have no middlewares; any other ingress must do all that itself",
          ),
        ),
    })
    .optional(),
  certificateIssuer: kubernetesName
    .optional()
    .meta(
      says(
        "ClusterIssuer of its cert-manager that issues the endpoints' certificates.",
        "none: the ingress uses its own certificate",
      ),
    ),
});

export type ExistingTarget = z.infer<typeof existingTarget>;
