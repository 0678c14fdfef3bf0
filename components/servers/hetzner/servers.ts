import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { type HetznerTarget, nodesOf } from "../../settings";
import { versions } from "../../shared/versions";
import type { AccountSurvey } from "./account";
import type { ServerEnvironment } from "./addresses";
import { bootMark, type MarkedFirstBoot, outdatedServers } from "./booted-with";
import { BOOTED_WITH_LABEL, GENERATION_LABEL, nodeLabels } from "./labels";
import { type MonthlyCost, monthlyCost } from "./monthly-cost";
import { placementGroupOf } from "./placement";
import { planServers, type ServerPlan } from "./server-plan";

export interface ServersArgs {
  /** The cluster's name, for the servers' labels. */
  readonly cluster: string;

  /** The servers, their generations, SSH keys and protection, and what the cost depends on: edge and prices. */
  readonly target: HetznerTarget;

  /** The servers and the stock of the Hetzner account before this run. */
  readonly survey: AccountSurvey;

  /** The addresses, network, firewall, placement groups and SSH keys that the servers are created with. */
  readonly environment: ServerEnvironment;

  /** The user data of each server, by server name. It is always stored as a secret. */
  readonly userData: Readonly<Record<string, pulumi.Input<string>>>;
}

const IMAGE = `ubuntu-${versions.ubuntu.version}`;

/**
 * Inputs that only a new server or one that is shut down can apply. A change of them never shuts a running server down:
 * the output `outdated` lists the server, and the change applies when its generation is incremented. `trellis apply`
 * brings the files of changed user data to a running server.
 */
const ONLY_AT_FIRST_BOOT = ["userData", "image", "sshKeys", "placementGroupId"];

/** Creates, replaces and resizes the servers, at most one replacement or resize in a run, and estimates their cost. */
export class Servers extends pulumi.ComponentResource {
  /**
   * The servers. Use them in `dependsOn` only: a resource with a server's property as an input may be replaced together
   * with the server.
   */
  readonly all: readonly pulumi.Resource[];
  /** Servers whose cloud-init changed since they were created. */
  readonly outdated: pulumi.Output<string[]>;
  /** The first boot that each server would have now, by its name, for `trellis apply`. Secret. */
  readonly firstBoots: pulumi.Output<Record<string, MarkedFirstBoot>>;
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
    const boots = Object.fromEntries(plans.map(({ node }) => [node.name, firstBootOf(args, node.name)]));
    // A short digest does not reveal the secrets in the user data.
    const marks = Object.fromEntries(
      plans.map(({ node }) => [
        node.name,
        pulumi.unsecret(known(boots, node.name).apply(({ mark }) => mark)),
      ]),
    );

    this.firstBoots = pulumi.secret(pulumi.all(boots));
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
    { cluster, environment, survey, userData }: ServersArgs,
    { node, serverType, generation, protectedAtHetzner, protectedInState, boots }: ServerPlan,
    marks: Readonly<Record<string, pulumi.Output<string>>>,
  ): hcloud.Server {
    const { network, sshKeys } = environment;
    // `trellis apply` changes the label of a running server, so what Hetzner says counts, and not the state.
    const booted = boots ? undefined : survey.servers.get(node.name)?.labels[BOOTED_WITH_LABEL];
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
          [BOOTED_WITH_LABEL]: booted ?? known(marks, node.name),
        },
        publicNets: [
          { ipv4Enabled: true, ipv4: known(environment.primaryIpIds, node.name), ipv6Enabled: false },
        ],
        // Inline and not a ServerNetwork. Both are attached while the server boots, but an inline one during the
        // creation itself, and it is deleted and created together with the server. A change detaches and attaches
        // either kind and never replaces the server. Without the empty list the provider attaches it again at each run.
        ...(network &&
          node.privateAddress && {
            networks: [{ networkId: network.id, ip: node.privateAddress, aliasIps: [] }],
          }),
        firewallIds: [environment.firewallId],
        placementGroupId: known(environment.placementGroupIds, placementGroupOf(node)),
        // A larger server keeps the size of its disk, so that it can be made smaller again.
        keepDisk: true,
        shutdownBeforeDeletion: true,
        // Hetzner requires the same value for both.
        deleteProtection: protectedAtHetzner,
        rebuildProtection: protectedAtHetzner,
      },
      {
        parent: this,
        dependsOn: [...sshKeys, ...(network ? [network.subnet] : [])],
        protect: protectedInState,
        // Only one server at a time can have the name and the two addresses.
        deleteBeforeReplace: true,
        replacementTrigger: generation,
        ignoreChanges: [
          ...ONLY_AT_FIRST_BOOT,
          ...(booted === undefined ? [`labels["${BOOTED_WITH_LABEL}"]`] : []),
        ],
      },
    );
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
            "They keep running: `npx trellis apply` changes their files in place.",
          this,
        );
      }
      return outdated;
    });
  }
}

function firstBootOf({ target, userData }: ServersArgs, node: string): pulumi.Output<MarkedFirstBoot> {
  const sshKeys = target.access.sshKeys.map(({ publicKey }) => publicKey);
  return pulumi.output(known(userData, node)).apply((text) => {
    const boot = { image: IMAGE, sshKeys, userData: text };
    return { ...boot, mark: bootMark(boot) };
  });
}

function known<T>(record: Readonly<Record<string, T>>, name: string): T {
  const value = record[name];
  if (value === undefined) throw new Error(`there is no entry for ${name}`);
  return value;
}
