import { stringify } from "yaml";
import type { Oidc } from "../../settings";

/**
 * Stands before the names of users and groups from the issuer. Without it, the issuer could name somebody
 * `system:masters`.
 */
const PREFIX = "oidc:";

/** A group of the issuer, as RBAC knows it. */
export const oidcGroup = (name: string) => `${PREFIX}${name}`;

/**
 * The API server's configuration of tokens. The API server reads a changed file without a restart, which flags would
 * need. With the claim `email`, it refuses addresses that the issuer has not verified.
 */
export function authenticationConfiguration({
  issuer,
  clientId,
  usernameClaim,
  groupsClaim,
  authority,
}: Oidc): string {
  return stringify(
    {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: {
            url: issuer,
            audiences: [clientId],
            ...(authority !== undefined && { certificateAuthority: authority }),
          },
          claimMappings: {
            username: { claim: usernameClaim, prefix: PREFIX },
            groups: { claim: groupsClaim, prefix: PREFIX },
          },
        },
      ],
    },
    { lineWidth: 0 },
  );
}
