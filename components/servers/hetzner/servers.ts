import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { type HetznerTarget, nodesOf } from "../../settings";
import { versions } from "../../shared/versions";
import type { AccountSurvey } from "./account";
import type { ServerEnvironment } from "./addresses";
import { bootMark, outdatedServers } from "./booted-with";
import { BOOTED_WITH_LABEL, GENERATION_LABEL, nodeLabels } from "./labels";
import { type MonthlyCost, monthlyCost } from "./monthly-cost";
import { placementGroupOf } from "./placement";
import { planServers, type ServerPlan } from "./server-plan";

export interface ServersArgs {
  /** The cluster's name, in labels. */
  readonly cluster: string;

  readonly target: HetznerTarget;

  /** What Hetzner said before the program began. */
  readonly survey: AccountSurvey;

  readonly environment: ServerEnvironment;

  /** What each server does at its first boot, by the servers' names. Always kept as a secret. */
  readonly userData: Readonly<Record<string, pulumi.Input<string>>>;
}

const IMAGE = `ubuntu-${versions.ubuntu.version}`;

/**
 * What only a new server can take up, or one that is switched off. None of it takes a running server down by itself:
 * it is shown (see `outdated`), and taken up when the server's generation is raised.
 */
const ONLY_AT_FIRST_BOOT = [
  "userData",
  "image",
  "sshKeys",
  "placementGroupId",
  `labels["${BOOTED_WITH_LABEL}"]`,
];

/** The servers, each at its addresses. */
export class Servers extends pulumi.ComponentResource {
  /**
   * To be waited for, with `dependsOn` and nothing else: a resource that takes a server's property as an input may be
   * replaced together with it.
   */
  readonly all: readonly pulumi.Resource[];
  /** Servers whose cloud-init changed since they were created. */
  readonly outdated: pulumi.Output<string[]>;
  readonly monthlyCost: MonthlyCost;

  constructor(name: string, args: ServersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:hetzner:Servers", name, {}, opts);
    const { target, survey } = args;

    const plans = planServers({
      nodes: nodesOf(target),
      survey,
      generations: target.generations,
      protection: target.protection,
    });
    for (const { severity, message } of plans.flatMap(({ notes }) => notes)) {
      void (severity === "warning" ? pulumi.log.warn(message, this) : pulumi.log.info(message, this));
    }
    const marks = Object.fromEntries(plans.map(({ node }) => [node.name, this.#bootMark(args, node.name)]));

    this.all = plans.map((plan) => this.#server(name, args, plan, marks));
    this.outdated = this.#outdated(plans, marks, survey);
    this.monthlyCost = monthlyCost({
      servers: plans.map(({ serverType, node }) => ({ serverType, location: node.location })),
      edge: target.edge,
      prices: target.prices,
    });
    this.registerOutputs({ outdated: this.outdated, monthlyCost: this.monthlyCost });
  }

  #server(
    name: string,
    { cluster, environment, userData }: ServersArgs,
    { node, serverType, generation, protectedAtHetzner, protectedInState }: ServerPlan,
    marks: Readonly<Record<string, pulumi.Output<string>>>,
  ): hcloud.Server {
    const { network, sshKeys } = environment;
    return new hcloud.Server(
      `${name}-${node.name}`,
      {
        name: node.name,
        serverType,
        location: node.location,
        image: IMAGE,
        userData: pulumi.secret(known(userData, node.name)),
        sshKeys: [...environment.sshKeyNames],
        labels: {
          ...nodeLabels(cluster, node),
          [GENERATION_LABEL]: String(generation),
          [BOOTED_WITH_LABEL]: known(marks, node.name),
        },
        publicNets: [
          { ipv4Enabled: true, ipv4: known(environment.primaryIpIds, node.name), ipv6Enabled: false },
        ],
        // Inline rather than as a ServerNetwork: either is attached while the server already boots, but this one
        // within the creation itself, and it goes and comes with the server. A change of it detaches and attaches;
        // neither ever replaces a server. Without the empty list the provider attaches anew at each run.
        ...(network &&
          node.privateAddress && {
            networks: [{ networkId: network.id, ip: node.privateAddress, aliasIps: [] }],
          }),
        firewallIds: [environment.firewallId],
        placementGroupId: known(environment.placementGroupIds, placementGroupOf(node)),
        // The disk keeps its size when a server becomes larger, so that it can become smaller again.
        keepDisk: true,
        shutdownBeforeDeletion: true,
        // Hetzner wants both alike.
        deleteProtection: protectedAtHetzner,
        rebuildProtection: protectedAtHetzner,
      },
      {
        parent: this,
        dependsOn: [...sshKeys, ...(network ? [network.subnet] : [])],
        protect: protectedInState,
        // The name and both addresses can be had by one server at a time.
        deleteBeforeReplace: true,
        replacementTrigger: generation,
        ignoreChanges: ONLY_AT_FIRST_BOOT,
      },
    );
  }

  /** A short digest; the secrets that went into it cannot be had back from it. */
  #bootMark({ target, userData }: ServersArgs, node: string): pulumi.Output<string> {
    const sshKeys = target.access.sshKeys.map(({ publicKey }) => publicKey);
    const mark = pulumi
      .output(known(userData, node))
      .apply((text) => bootMark({ image: IMAGE, sshKeys, userData: text }));
    return pulumi.unsecret(mark);
  }

  #outdated(
    plans: readonly ServerPlan[],
    marks: Readonly<Record<string, pulumi.Output<string>>>,
    survey: AccountSurvey,
  ): pulumi.Output<string[]> {
    const staying = plans.filter(({ boots }) => !boots).map(({ node }) => node.name);
    const theirs = pulumi.all(Object.fromEntries(staying.map((node) => [node, known(marks, node)])));
    return theirs.apply((today) => {
      const outdated = outdatedServers(today, survey);
      if (outdated.length > 0) {
        void pulumi.log.warn(
          `Cloud-init changed since these servers were created: ${outdated.join(", ")}. ` +
            "They keep running; increment `target.generations` to rebuild.",
          this,
        );
      }
      return outdated;
    });
  }
}

function known<T>(record: Readonly<Record<string, T>>, name: string): T {
  const value = record[name];
  if (value === undefined) throw new Error(`there is no entry for ${name}`);
  return value;
}
