import { relative } from "node:path";
import * as docker from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

export interface BuiltImageArgs {
  /** The registry and name that the image is pushed to, without a tag, such as ghcr.io/acme/trellis-jobs. */
  readonly repository: string;

  /** The build context: the folder whose files the Dockerfile can copy. */
  readonly context: string;

  /** The path of the Dockerfile; it may be outside of the context. */
  readonly dockerfile: string;

  /** The CPU architectures of the servers. The image is built for each of them, which takes longer. */
  readonly architectures: ReadonlyArray<"amd64" | "arm64">;

  /** Values for the Dockerfile's ARG instructions. @default none: the Dockerfile's own defaults */
  readonly buildArgs?: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * Builds a container image and pushes it. Pods refer to it by digest: they run exactly what was built, even if the tag
 * moves, and an unchanged source changes no pod.
 */
export class BuiltImage extends pulumi.ComponentResource {
  /** `repository@sha256:...` */
  readonly reference: pulumi.Output<string>;

  constructor(name: string, args: BuiltImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:image:BuiltImage", name, {}, opts);
    const image = new docker.Image(
      name,
      {
        context: { location: inProject(args.context) },
        dockerfile: { location: inProject(args.dockerfile) },
        platforms: args.architectures.map((each) => PLATFORMS[each]),
        buildArgs: { ...args.buildArgs },
        tags: [`${args.repository}:latest`], // a push needs a tag; no pod uses it
        push: true,
        buildOnPreview: false, // a preview must work without Docker
      },
      { parent: this },
    );
    this.reference = pulumi.interpolate`${args.repository}@${image.digest}`;
    this.registerOutputs({ reference: this.reference });
  }
}

/** Relative to the project, the program's working directory: an absolute path would differ between checkouts. */
const inProject = (path: string) => relative(process.cwd(), path) || ".";

const PLATFORMS = {
  amd64: docker.Platform.Linux_amd64,
  arm64: docker.Platform.Linux_arm64,
} as const;
