export { agentArguments } from "./agent";
export { logAlerts } from "./alerts";
export { logs, logsInGrafana, logsMetrics } from "./logs";
export { LOGS } from "./names";
export { storeArguments } from "./store";
