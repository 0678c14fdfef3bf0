import { chartsByDigest } from "./charts-by-digest";
import { imagesByDigest } from "./images-by-digest";
import { ingressRedirect } from "./ingress-redirect";
import { ingressTls } from "./ingress-tls";
import { limits } from "./limits";
import { minimalRbac } from "./minimal-rbac";
import { namespacePolicies } from "./namespace-policies";
import { noClearSecrets } from "./no-clear-secrets";
import { noDefaultToken } from "./no-default-token";
import { noNeedlessToken } from "./no-needless-token";
import { noUnnamedLoss } from "./no-unnamed-loss";
import { offsiteBackups } from "./offsite-backups";
import { pinsInSupport } from "./pins-in-support";
import { probes } from "./probes";
import { protectedData } from "./protected-data";
import { publicPorts } from "./public-ports";
import { restrictedPods } from "./restricted-pods";
import type { Rule } from "./rule";

export type { Finding, Rule } from "./rule";

/** Every rule of the pack. */
export const RULES: readonly Rule[] = [
  noClearSecrets,
  restrictedPods,
  imagesByDigest,
  chartsByDigest,
  limits,
  probes,
  noDefaultToken,
  minimalRbac,
  namespacePolicies,
  ingressTls,
  ingressRedirect,
  publicPorts,
  protectedData,
  noUnnamedLoss,
  offsiteBackups,
  pinsInSupport,
  noNeedlessToken,
];
