import { placeOf } from "../../readers";
import { check, fault, notApplicable, notChecked, ok } from "../check";

export const policiesEnforced = check({
  id: "security.policies-enforced",
  title: "a connection that no policy allows is refused",
  severity: "critical",
  means: "The policies exist, but nothing enforces them: every pod reaches every other.",
  next: "ssh root@<server> journalctl --unit k3s --grep 'network policy'",
  runbook: "docs/runbooks/health.md#policies-are-not-enforced",
  run: async ({ http, kubernetes }, { forbidden, objects }) => {
    if (!forbidden) return notApplicable("there is nothing that this pod may not reach");
    const slices = (await kubernetes.all("slices")).filter(
      ({ metadata }) =>
        metadata.namespace === forbidden.namespace &&
        metadata.labels["kubernetes.io/service-name"] === forbidden.service,
    );
    // A service without pods refuses everybody, which proves nothing.
    const ready = slices
      .flatMap(({ endpoints }) => endpoints)
      .some(({ conditions }) => conditions.ready !== false);
    if (!ready) return notChecked(`${forbidden.service} has no ready pod that could be refused`);
    // Only a pod that is let in elsewhere proves anything by being refused here.
    const allowed = placeOf(objects.url);
    if ((await http.reach(allowed.host, allowed.port)) !== "open")
      return notChecked("this pod does not even reach object storage, which the policies allow");
    const reached = await http.reach(forbidden.host, forbidden.port);
    return reached === "open"
      ? fault(`${forbidden.service}:${forbidden.port} accepts a connection that no policy allows`)
      : ok(`${forbidden.service}:${forbidden.port} is ${reached}`);
  },
});
