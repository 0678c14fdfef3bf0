import { crashLoops } from "./crash-loops";
import { deployments } from "./deployments";
import { imageAge } from "./image-age";
import { jobs } from "./jobs";
import { pending } from "./pending";
import { restarts } from "./restarts";
import { rollouts } from "./rollouts";
import { statefulSets } from "./stateful-sets";
import { volumes } from "./volumes";

export const workloads = [
  deployments,
  statefulSets,
  rollouts,
  crashLoops,
  restarts,
  pending,
  volumes,
  jobs,
  imageAge,
];
