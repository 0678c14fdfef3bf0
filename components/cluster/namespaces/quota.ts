import type { Environment } from "../../settings";
import type { WorkloadNamespace } from "../../shared/workloads";

/** dev runs one replica of what prod runs three of, so the quotas scale with the environment. */
const SCALE: Record<Environment, number> = { dev: 0.5, staging: 1, prod: 2 };

/** Quota of a namespace in an environment, as Kubernetes quantities. */
export function quotaOf(
  { share }: Pick<WorkloadNamespace, "share">,
  environment: Environment,
): { cpu: string; memory: string } {
  const scale = SCALE[environment];
  return { cpu: `${share.cpu * scale * 1000}m`, memory: `${share.memoryGib * scale * 1024}Mi` };
}
