import { z } from "zod";
import { cidr, kubernetesName } from "../values";
import { says } from "./kinds";

export const existingTarget = z.strictObject({
  kind: z.literal("existing").meta(says("A cluster whose servers, add-ons and upgrades are not touched.")),
  context: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(
      says("The context of the kubeconfig, which is the secret `trellis:kubeconfig`.", "the current one"),
    ),
  nodes: z
    .array(cidr)
    .min(1)
    .max(50)
    .meta(
      says("The ranges that its nodes and its API are in: those that need the API may speak to these alone."),
    ),
  pods: cidr.default(cidr.parse("10.42.0.0/16")).meta(says("The addresses of its pods.")),
  architectures: z
    .array(z.enum(["amd64", "arm64"]).meta({ title: "architectures" }))
    .min(1)
    .default(["amd64"])
    .meta(says("The processors of its nodes, for which images are built.")),
  storageClass: kubernetesName
    .default(kubernetesName.parse("local-path"))
    .meta(says("What volumes are made of.")),
  protection: z
    .boolean()
    .default(true)
    .meta(
      says(
        "Refuses to destroy the stack, and to delete or replace alone what could not be made again: namespaces, databases, object storage, etcd, CAs, keys, passphrases.",
      ),
    ),
  certificateIssuer: kubernetesName
    .optional()
    .meta(
      says(
        "The ClusterIssuer of its cert-manager that makes the endpoints' certificates.",
        "none: the ingress shows its own",
      ),
    ),
});

export type ExistingTarget = z.infer<typeof existingTarget>;
