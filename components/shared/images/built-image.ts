import { relative } from "node:path";
import * as docker from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";

export interface BuiltImageArgs {
  /** Where the image is pushed, without a tag, such as ghcr.io/acme/trellis-jobs. */
  readonly repository: string;

  /** The folder that the build sees. */
  readonly context: string;

  /** The Dockerfile, which the context need not contain. */
  readonly dockerfile: string;

  /** The processors that the servers have. */
  readonly architectures: ReadonlyArray<"amd64" | "arm64">;

  /** What the Dockerfile declares with ARG. */
  readonly buildArgs?: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * An image that the program builds and pushes. It is known by its digest alone, so that a pod runs what was built and
 * nothing that took its tag since, and an unchanged source changes no pod.
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
        tags: [`${args.repository}:latest`], // a push needs one; nobody refers to it
        push: true,
        buildOnPreview: false, // a preview must work where no Docker does
      },
      { parent: this },
    );
    this.reference = pulumi.interpolate`${args.repository}@${image.digest}`;
    this.registerOutputs({ reference: this.reference });
  }
}

/** Relative to the project, where the program runs: an absolute path would be another one in the next checkout. */
const inProject = (path: string) => relative(process.cwd(), path) || ".";

const PLATFORMS = {
  amd64: docker.Platform.Linux_amd64,
  arm64: docker.Platform.Linux_arm64,
} as const;
