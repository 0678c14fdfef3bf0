import type { AlertRule } from "../shared/workloads";
import { airflowMonitoring } from "./airflow/monitoring";
import { dataSurfaceAlerts } from "./datasurface/alerts";
import { gardenosMetrics } from "./gardenos/monitoring";
import { PORTS, type Program } from "./gardenos/names";
import { operationsMonitoring } from "./operations/monitoring";
import { rainMonitoring } from "./rain/monitoring";

/** Every alert that this layer may declare, for the index of runbooks. */
export const systemAlerts = (): AlertRule[] => [
  ...(airflowMonitoring.metrics?.alerts ?? []),
  ...dataSurfaceAlerts(),
  ...(rainMonitoring.metrics?.alerts ?? []),
  ...(operationsMonitoring(1).metrics?.alerts ?? []),
  ...gardenosMetrics("gardenos", Object.keys(PORTS) as Program[]).alerts, // safe: the programs are its keys,
];
