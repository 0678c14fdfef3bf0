import { createHash } from "node:crypto";

/** As S3 gives it to what was written in one piece. */
export const entityTag = (content: Buffer) => `"${createHash("md5").update(content).digest("hex")}"`;
