import { rawSettings, withValue } from "../platform/stacks";

/** A namespace of the user's own that the example's settings name. */
export const SHOP = "shop";

/** Prod's settings, with GardenOS in place of the rest of the databases: its servers do not carry both. */
const WITH_GARDENOS = {
  ...withValue(
    withValue(rawSettings("prod"), "target.kubernetes", { ingressNamespaces: [SHOP] }),
    "gardenos",
    {
      signup: true,
      siteUrl: "https://www.example.com",
      origins: ["https://app.example.com"],
      api: `ghcr.io/example/crm-api@sha256:${"0123456789abcdef".repeat(4)}`,
      agents: { modelUrl: "https://models.example.com/v1", model: "example/model" },
    },
  ),
  datasurface: undefined,
  postgres: { databases: { crm: {} } },
};

/** Stacks that together have every Ingress there is. The first one's rights are for all: its namespaces are all there. */
export const EXAMPLE = [WITH_GARDENOS, rawSettings("prod")];

export const GARDENOS = "crm.example.com";
export const RAIN = "rain.example.com";
export const AIRFLOW = "airflow.example.com";
export const GRAFANA = "grafana.example.com";
export const MINIO = "minio-console.example.com";

/** The hosts that only administrators may open. */
export const ADMINISTRATIVE = [AIRFLOW, GRAFANA, MINIO];
export const HOSTS = [...ADMINISTRATIVE, GARDENOS, RAIN];
