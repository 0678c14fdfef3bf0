import { SignJWT } from "jose";

/** A token as the platform's auth service signs it. `kid` names the key where several are valid. */
export const signedToken = (
  claims: Readonly<Record<string, unknown>>,
  secret: string,
  { kid, expires = "1h" }: { readonly kid?: string; readonly expires?: string } = {},
): Promise<string> =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", ...(kid !== undefined && { kid }) })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
