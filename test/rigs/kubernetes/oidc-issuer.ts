import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { createAuthority } from "../pki/certificates";

/** A stand-in for an OIDC issuer: it publishes its keys over HTTPS, and signs whatever claims a test gives it. */
export interface OidcIssuer {
  readonly url: string;
  /** The CA certificate of its server. */
  readonly authority: string;
  /** A token for one client, valid for an hour unless the claims say otherwise. */
  token(claims: JWTPayload): Promise<string>;
  stop(): Promise<void>;
}

export async function startOidcIssuer(address: string): Promise<OidcIssuer> {
  const authority = createAuthority("an issuer of a test");
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const key = { ...(await exportJWK(publicKey)), kid: "one", use: "sig", alg: "RS256" };
  const server = createServer(
    authority.issue({ commonName: "issuer", addresses: [address], usages: ["server"] }),
    (request, response) => {
      const answers: Readonly<Record<string, unknown>> = {
        "/.well-known/openid-configuration": {
          issuer: url,
          jwks_uri: `${url}/keys`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        },
        "/keys": { keys: [key] },
      };
      const answer = answers[request.url ?? ""];
      response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? {}));
    },
  );
  server.listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // safe: it listens on an address and not on a pipe
  const url = `https://${address}:${port}`;
  return {
    url,
    authority: authority.cert,
    token: (claims) =>
      new SignJWT({ iss: url, ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuedAt()
        .setExpirationTime(claims.exp ?? "1h")
        .sign(privateKey),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
