import { repositoryUrl } from "../repository";

/** One Grafana panel. */
export interface Panel {
  /** The panel's heading. */
  readonly title: string;
  /** The PromQL query. */
  readonly expr: string;
  /** The template of a line's name, from its labels. */
  readonly legend: string;
  /** The unit of the y axis. @default short */
  readonly unit?: "s" | "short" | "bytes" | "percentunit";
  /** A line over time, or the newest values in large type. @default timeseries */
  readonly type?: "timeseries" | "stat";
}

/** A Grafana dashboard, and the ConfigMap that Grafana loads it from. */
export interface Dashboard {
  /** Name and labels of the ConfigMap. */
  readonly object: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  /** The file in the ConfigMap. */
  readonly file: string;
  /** Grafana's ID of the dashboard, which is part of its URL. */
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Grafana loads dashboards from ConfigMaps with this label, in all namespaces. */
export const DASHBOARD_LABEL = { grafana_dashboard: "1" };

/** Renders a dashboard for Grafana: panels of equal size, two in a row. */
export function renderedDashboard({
  uid,
  title,
  panels,
}: Pick<Dashboard, "uid" | "title" | "panels">): string {
  const datasource = { type: "prometheus", uid: "prometheus" };
  return JSON.stringify(
    {
      uid,
      title,
      tags: ["trellis"],
      schemaVersion: 39,
      timezone: "browser",
      refresh: "1m",
      time: { from: "now-6h", to: "now" },
      links: [
        { type: "link", title: "Runbooks", url: repositoryUrl("docs/runbooks/README.md"), targetBlank: true },
        { type: "dashboards", title: "Trellis", tags: ["trellis"], asDropdown: true },
      ],
      panels: panels.map(({ title: name, expr, legend, unit, type = "timeseries" }, index) => ({
        id: index + 1,
        title: name,
        type,
        datasource,
        gridPos: { x: 12 * (index % 2), y: 8 * Math.floor(index / 2), w: 12, h: 8 },
        fieldConfig: { defaults: { unit: unit ?? "short", min: 0 }, overrides: [] },
        targets: [{ refId: "A", datasource, expr, legendFormat: legend }],
      })),
    },
    undefined,
    2,
  );
}
