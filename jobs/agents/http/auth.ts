import { errors, jwtVerify } from "jose";
import { z } from "zod";

/** Who asks. `service_role` may see and steer everything, `authenticated` works in its workspace. */
export interface Caller {
  readonly role: "authenticated" | "service_role";
  readonly workspace: string | undefined;
}

export class Unauthorized extends Error {}

const claims = z.object({
  role: z.enum(["authenticated", "service_role"]),
  workspace_id: z.uuid().optional(),
});

/** Verifies a bearer token with each secret in turn, so that keys can rotate. Every token must expire. */
export async function callerOf(header: string | undefined, secrets: readonly string[]): Promise<Caller> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header ?? "")?.[1];
  if (!token) throw new Unauthorized("a token is required: Authorization: Bearer <JWT>");
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
        algorithms: ["HS256"],
        requiredClaims: ["exp", "role"],
        clockTolerance: 5,
      });
      const read = claims.safeParse(payload);
      if (!read.success) throw new Unauthorized("the token's role or workspace_id is not allowed here");
      return { role: read.data.role, workspace: read.data.workspace_id };
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JWTExpired) throw new Unauthorized("the token has expired");
      if (error instanceof Unauthorized) throw error;
      throw new Unauthorized("the token is not valid");
    }
  }
  throw new Unauthorized("the token is not signed by this platform");
}
