import * as pulumi from "@pulumi/pulumi";

export interface DestroyGuardArgs {
  /** Whether a destroy is refused. */
  readonly protection: boolean;

  /** Every resource of the stack, or a component above it. */
  readonly everything: readonly (pulumi.Resource | undefined)[];
}

/**
 * Refuses a destroy before anything is deleted. The engine deletes first what nothing depends on, refuses a protected
 * resource only when it reaches it, and goes on with all that no protected resource depends on. A preview would show that
 * and stop, but the Automation API and `--skip-preview` have none. This component depends on everything, so the engine
 * reaches it first, and then keeps all that it depends on.
 *
 * What nobody could make again (namespaces, StatefulSets with data, CAs, passphrases) is protected besides, since an
 * update could drop it alone. Components pass `protect` to those resources themselves, by an argument `protection`: a
 * transform of the whole stack would have to name them far from where they are declared, and a component's own `protect`
 * would reach all its children, so that no Job and no password with an epoch could be replaced.
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
