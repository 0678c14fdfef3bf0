import { z } from "zod";
import { certificates, issuerUrl } from "../values";
import { says } from "./kinds";

const claim = z
  .string("the name of a claim, such as email")
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, { error: "the name of a claim, such as email" })
  .meta({ title: "claim" });

const groups = (description: string) =>
  z
    .array(
      z
        .string("a group's name")
        .regex(/^[A-Za-z0-9][A-Za-z0-9 @._/:-]{0,199}$/, {
          error: "a group's name, of letters, digits, spaces and @._/:-",
        })
        .meta({ title: "groups" }),
      "a list of groups, for example `[platform-team]`",
    )
    .max(50)
    .default([])
    .meta(says(description, "none"));

/** How people log in to the Kubernetes API with the accounts that they have elsewhere. */
export const oidc = z.strictObject({
  issuer: issuerUrl.meta(
    says(
      "Issuer of the tokens, exactly as in their claim `iss`. The servers read its keys over HTTPS.",
      "required in `oidc`",
    ),
  ),
  clientId: z
    .string("a client id")
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/, { error: "a client id, as the issuer shows it" })
    .meta({
      title: "client id",
      ...says("Client id at the issuer. A token for another client is refused.", "required in `oidc`"),
    }),
  usernameClaim: claim
    .default("sub")
    .meta(
      says(
        "Claim with the user's name, which audit logs show with the prefix `oidc:`. With `email`, the issuer must say that it verified the address.",
      ),
    ),
  groupsClaim: claim.default("groups").meta(says("Claim with the names of the user's groups.")),
  authority: certificates
    .optional()
    .meta(says("CA certificate of the issuer's server, PEM.", "the CAs that the servers trust")),
  administrators: groups("Groups that administer the cluster."),
  developers: groups(
    "Groups that work in the systems' namespaces: read and logs, port-forward, restart of Deployments; no Secrets.",
  ),
  readers: groups("Groups that see the whole cluster except Secrets."),
});
export type Oidc = z.infer<typeof oidc>;
