import type { Panel } from "../../shared/workloads";

/** The rain record: how current and how complete it is. */
export const RAIN_PANELS: readonly Panel[] = [
  {
    title: "Since the last import",
    expr: "time() - max by (source) (rain_last_import_timestamp_seconds)",
    legend: "{{source}}",
    unit: "s",
    type: "stat",
  },
  {
    title: "Since the newest day of the record",
    expr: "time() - max by (source) (rain_last_reading_timestamp_seconds)",
    legend: "{{source}}",
    unit: "s",
    type: "stat",
  },
  {
    title: "Files, by how their newest import ended",
    expr: "max by (status) (rain_imports)",
    legend: "{{status}}",
  },
  {
    title: "Places that imports did not understand",
    expr: "max(rain_import_problems)",
    legend: "places",
  },
  {
    title: "Readings, by file format",
    expr: "max by (source) (rain_readings)",
    legend: "{{source}}",
  },
  {
    title: "Gauges, by their official record",
    expr: "max by (official_record) (rain_gauges)",
    legend: "{{official_record}}",
  },
  {
    title: "Measured days of the newest water years",
    expr: "topk(5, max by (water_year) (rain_measured_days))",
    legend: "{{water_year}}",
  },
  {
    title: "Memory of the pods",
    expr: 'sum by (pod) (container_memory_working_set_bytes{namespace="rain-tracker",container!=""})',
    legend: "{{pod}}",
    unit: "bytes",
  },
];
