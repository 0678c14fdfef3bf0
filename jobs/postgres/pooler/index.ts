export { servePoolerMetrics } from "./serve";
