import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError } from "./parse";
import type { Problem } from "./problems";
import { MISSING } from "./problems";
import type { Settings } from "./schema";

/** What must not stand in clear in a stack's file, each set with `pulumi config set --secret trellis:<name>`. */
export interface SettingsSecrets {
  /** A Hetzner token with which servers move the floating IP; best one of a project of its own rights. */
  readonly edgeToken?: pulumi.Output<string>;
  readonly offsiteAccessKey?: pulumi.Output<string>;
  readonly offsiteSecretKey?: pulumi.Output<string>;
  /** The kubeconfig of the cluster that `target: existing` deploys to. */
  readonly kubeconfig?: pulumi.Output<string>;
}

const SECRETS = ["edgeToken", "offsiteAccessKey", "offsiteSecretKey", "kubeconfig"] as const;

export interface StackSettings {
  readonly settings: Settings;
  readonly secrets: SettingsSecrets;
}

/** Reads and judges the stack's settings; throws one error with all problems before anything is declared. */
export function loadSettings(config = new pulumi.Config("trellis")): StackSettings {
  const raw = config.getObject<unknown>("settings");
  if (raw === undefined) {
    throw new SettingsError([
      {
        path: ["trellis:settings"],
        given: MISSING,
        allowed: `an object in Pulumi.${pulumi.getStack()}.yaml; Pulumi.dev.yaml is one to begin with`,
      },
    ]);
  }
  const settings = parseSettings(raw);
  const secrets = Object.fromEntries(
    SECRETS.flatMap((name) => {
      const value = config.getSecret(name);
      return value ? [[name, value]] : [];
    }),
  ) as SettingsSecrets; // keys and values come from the list of its own names
  const missing = neededSecrets(settings).filter(({ name }) => !secrets[name]);
  if (missing.length > 0) throw new SettingsError(missing.map(missingSecret));
  return { settings, secrets };
}

interface NeededSecret {
  readonly name: (typeof SECRETS)[number];
  readonly why: string;
}

function neededSecrets({ target, offsite }: Settings): NeededSecret[] {
  return [
    ...(target.kind === "hetzner" && target.edge.kind === "floating-ip"
      ? [{ name: "edgeToken", why: "the servers move the floating IP with it (target.edge.kind)" } as const]
      : []),
    ...(target.kind === "existing"
      ? [{ name: "kubeconfig", why: "it says how to reach the existing cluster (target.kind)" } as const]
      : []),
    ...(offsite
      ? ([
          { name: "offsiteAccessKey", why: "snapshots go to the offsite bucket" },
          { name: "offsiteSecretKey", why: "snapshots go to the offsite bucket" },
        ] as const)
      : []),
  ];
}

function missingSecret({ name, why }: NeededSecret): Problem {
  return {
    path: [`trellis:${name}`],
    given: MISSING,
    allowed: `a secret, since ${why}: pulumi config set --secret trellis:${name}`,
  };
}
