import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { sha256Of } from "../../../../jobs/shared";

/** An access key, its secret, and the buckets that it may use. */
export interface Access {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly buckets: ReadonlySet<string>;
}

/**
 * Checks the signature (AWS version 4) of a request. Returns S3's error code, or the access that signed the request.
 */
export function judgeSignature(
  request: IncomingMessage,
  body: Buffer,
  accesses: readonly Access[],
): Access | "InvalidAccessKeyId" | "XAmzContentSHA256Mismatch" | "SignatureDoesNotMatch" {
  const [, credential = "", names = "", signature = ""] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]+)$/.exec(
      request.headers.authorization ?? "",
    ) ?? [];
  const [accessKey, ...scope] = credential.split("/");
  const access = accesses.find((each) => each.accessKey === accessKey);
  if (!access) return "InvalidAccessKeyId";
  if (request.headers["x-amz-content-sha256"] !== sha256Of(body)) return "XAmzContentSHA256Mismatch";
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...names.split(";").map((name) => `${name}:${request.headers[name]}`),
    "",
    names,
    sha256Of(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope.join("/"), sha256Of(canonical)].join(
    "\n",
  );
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${access.secretKey}`);
  const [expected, given] = [hmac(key, text), Buffer.from(signature, "hex")];
  const right = given.length === expected.length && timingSafeEqual(given, expected);
  return right ? access : "SignatureDoesNotMatch";
}

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
