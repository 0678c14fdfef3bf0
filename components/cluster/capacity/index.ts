import * as pulumi from "@pulumi/pulumi";
import { allocatable } from "../../servers";
import {
  diskReport,
  diskUse,
  hasRole,
  logsShape,
  nodesOf,
  prometheusSize,
  requestSettings,
  SERVER_TYPES,
  type Settings,
} from "../../settings";
import { UserError } from "../../shared/user-error";
import { addOnWorkloads } from "./add-on-requests";
import { type Declared, recordWorkloads } from "./declared";
import { type Placement, placement, type Server } from "./placement";
import { capacityReport, quotaUses } from "./report";

export { clusterDnsPods, prometheusResources } from "./add-on-requests";
export { type Placement, placement, type Server } from "./placement";
export { type CapacityReport, capacityReport, quotaUses } from "./report";
export type { Workload } from "./requests";

/**
 * Compares what the stack's pods ask for with what its servers have. Call it before the first resource and its result
 * after the last one. Each preview then shows the figures, and fails if a pod can never be scheduled.
 */
export function watchCapacity(settings: Settings): () => void {
  const recorded = recordWorkloads();
  return () => {
    recorded().apply((declared) => judge(settings, declared));
  };
}

function judge(settings: Settings, declared: Declared): void {
  const { target } = settings;
  if (target.kind !== "hetzner") return; // the servers of an existing cluster are unknown
  const quotas = quotaUses(declared.workloads, declared.quotas);
  const report = capacityReport(placed(settings, declared), quotas, requestSettings(settings));
  const { problems } = report;
  const use = diskUse(settings);
  const disk = use && diskReport(use);
  const facts = [...report.facts, ...(disk ? [disk.fact] : [])];
  const warnings = [...report.warnings, ...(disk?.warning ? [disk.warning] : [])];
  for (const fact of facts) void pulumi.log.info(fact);
  for (const warning of warnings) void pulumi.log.warn(warning);
  if (problems.length > 0) {
    throw new UserError(
      `The servers cannot carry the stack:\n${problems.map((each) => `  - ${each}`).join("\n")}`,
    );
  }
}

function placed(settings: Settings, { workloads }: Declared): Placement {
  const { target, environment } = settings;
  if (target.kind !== "hetzner") return placement([], []);
  const servers = serversOf(target);
  const { certManager, monitoring, hetzner } = target.addons;
  const addOns = addOnWorkloads({
    environment,
    servers: servers.length,
    certManager,
    monitoring,
    hetzner,
    prometheus: prometheusSize(settings),
    logs: logsShape(settings),
  });
  return placement(servers, [...workloads, ...addOns]);
}

/** The servers that run pods. Of several types, the one with the fewest cores counts. */
function serversOf(target: Extract<Settings["target"], { readonly kind: "hetzner" }>): Server[] {
  return nodesOf(target)
    .filter(hasRole("workload"))
    .map(({ name, types }) => {
      const rooms = types.map((type) => allocatable(SERVER_TYPES[type]));
      const cpuMillis = Math.min(...rooms.map((each) => each.cpuMillis));
      const memoryMib = Math.min(...rooms.map((each) => each.memoryMib));
      return { name, room: { cpuMillis, memoryMib } };
    });
}
