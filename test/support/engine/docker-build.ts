import { createHash } from "node:crypto";
import type { ResourceKind } from "./stand-in";
import { canonical } from "./wire";

/** Builds nothing: the digest follows from the inputs, as that of a reproducible build does. */
const image: ResourceKind = {
  replacedBy: [],
  outputs: ({ inputs }) => {
    const digest = `sha256:${createHash("sha256").update(canonical(inputs)).digest("hex")}`;
    const tag = Array.isArray(inputs.tags) ? String(inputs.tags[0]) : "image";
    return { digest, contextHash: digest, ref: `${tag}@${digest}` };
  },
};

export const dockerBuildKind = (type: string): ResourceKind | undefined =>
  type === "docker-build:index:Image" ? image : undefined;
