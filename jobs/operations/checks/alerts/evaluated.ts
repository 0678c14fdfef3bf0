import { check, fault, notApplicable, ok } from "../check";
import { firingAlerts, WATCHDOG } from "./firing-alerts";

export const evaluated = check({
  id: "alerts.evaluated",
  title: "Prometheus evaluates its alerts",
  severity: "critical",
  means: "No alert would fire, whatever happens.",
  next: "kubectl -n monitoring get pods",
  runbook: "docs/runbooks/health.md#alerts-are-not-evaluated",
  run: async (readers, { prometheus }) => {
    if (!prometheus) return notApplicable("the stack has no monitoring");
    const alive = (await firingAlerts(readers)).some(({ labels }) => labels.alertname === WATCHDOG);
    return alive ? ok(`${WATCHDOG} fires, as it always should`) : fault(`${WATCHDOG} does not fire`);
  },
});
