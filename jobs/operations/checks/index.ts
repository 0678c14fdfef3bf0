import { alerts } from "./alerts";
import { backups } from "./backups";
import type { Check } from "./check";
import { etcd } from "./etcd";
import { kubernetes } from "./kubernetes";
import { objects } from "./objects";
import { postgres } from "./postgres";
import { security } from "./security";
import { servers } from "./servers";
import { systems } from "./systems";
import { workloads } from "./workloads";

export {
  CATEGORIES,
  type Category,
  type Check,
  type Finding,
  hoursBetween,
  notChecked,
  OUTCOMES,
  type Outcome,
} from "./check";

/** Every check, in the order of the report. */
export const CHECKS: readonly Check[] = [
  ...servers,
  ...etcd,
  ...kubernetes,
  ...workloads,
  ...postgres,
  ...objects,
  ...backups,
  ...systems,
  ...security,
  ...alerts,
];
