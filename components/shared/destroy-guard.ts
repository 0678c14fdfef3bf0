import * as pulumi from "@pulumi/pulumi";

export interface DestroyGuardArgs {
  /** Whether the engine refuses to destroy the stack. */
  readonly protection: boolean;

  /** Every resource of the stack, or a component above it. A resource that is missing here may be deleted. */
  readonly everything: readonly (pulumi.Resource | undefined)[];
}

/**
 * Makes the engine refuse a destroy before it deletes anything. The engine first deletes what nothing depends on. It
 * refuses a protected resource only when it reaches it, and continues with everything that no protected resource
 * depends on. A preview fails before that, but the Automation API and `--skip-preview` run none. This component is
 * protected and depends on everything. So the engine reaches it first, and then keeps everything it depends on.
 *
 * Resources that nobody can create again (namespaces, StatefulSets with data, CAs, passphrases) are also protected one
 * by one, because an update can delete a single resource. Their components set `protect` through an argument
 * `protection`. A transform of the whole stack would list them far from their declarations. A component's own `protect`
 * applies to all its children, so that no Job and no password with an epoch could be replaced.
 */
export class DestroyGuard extends pulumi.ComponentResource {
  constructor(name: string, { protection, everything }: DestroyGuardArgs) {
    super(
      "trellis:platform:DestroyGuard",
      name,
      {},
      { protect: protection, dependsOn: everything.filter((each) => each !== undefined) },
    );
    this.registerOutputs({});
  }
}
