import type { RainTrackerArgs } from "../../../components/systems";

/** What Rain Tracker needs, and nothing else. */
export const RAIN_TRACKER: RainTrackerArgs = {
  namespace: "rain-tracker",
  environment: "prod",
  image: "registry.example/jobs@sha256:0123",
  databaseSecret: { name: "rain-database", key: "url" },
  readerSecret: { name: "rain-database-reader", key: "url" },
  databaseAccess: "postgresql://rain@postgres/rain",
  host: "rain.example.com",
  archive: { size: "10Gi" },
};
