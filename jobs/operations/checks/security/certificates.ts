import { check, fault, judgeEnds, listed, notApplicable } from "../check";

export const certificates = check({
  id: "security.certificates",
  title: "the endpoints' certificates are issued and stay valid",
  severity: "critical",
  means: "Browsers refuse the endpoint.",
  next: "kubectl get certificates --all-namespaces",
  runbook: "docs/runbooks/health.md#an-endpoint-has-no-certificate",
  run: async ({ kubernetes, now }) => {
    const all = await kubernetes.list("certificates");
    if (!all || all.length === 0) return notApplicable("cert-manager has issued no certificate");
    const name = ({ metadata }: (typeof all)[number]) => `${metadata.namespace}/${metadata.name}`;
    const unready = all.filter(
      ({ status }) => !status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
    );
    if (unready.length > 0) return fault(listed(unready.map((each) => `${name(each)} is not issued`)));
    return judgeEnds(
      all.flatMap((each) =>
        each.status.notAfter === undefined ? [] : [[name(each), Date.parse(each.status.notAfter)] as const],
      ),
      now(),
    );
  },
});
