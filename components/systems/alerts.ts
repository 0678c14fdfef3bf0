import type { AlertRule } from "../shared/workloads";
import { airflowAlerts } from "./airflow";
import { dataSurfaceAlerts } from "./datasurface";
import { gardenosAlerts } from "./gardenos";
import { operationsAlerts } from "./operations";
import { rainAlerts } from "./rain";

/** Every alert that this layer may declare, for the index of runbooks. */
export const systemAlerts = (): AlertRule[] => [
  ...airflowAlerts(),
  ...dataSurfaceAlerts(),
  ...rainAlerts(),
  ...operationsAlerts(),
  ...gardenosAlerts(),
];
