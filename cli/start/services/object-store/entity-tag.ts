import { createHash } from "node:crypto";

/** S3's ETag of an object that was written in one request. */
export const entityTag = (content: Buffer) => `"${createHash("md5").update(content).digest("hex")}"`;
