import { parse } from "yaml";
import { type Fields, fields, isFields, list, type PlannedObject, text, texts } from "../plan";
import { findings, type Rule } from "./rule";

export const ingressTls: Rule = {
  name: "ingress-tls",
  reason: "A login over plain HTTP can be read and changed by everyone on the way.",
  remedy: "List each host under spec.tls with a secret for its certificate.",
  scope: "resource",
  check: ({ objects }) =>
    objects.flatMap((object) => {
      if (object.kind === "Ingress")
        return findings(object.subject, ingressFaults(fields(object.manifest.spec)));
      if (object.kind === "HelmChart") return findings(object.subject, valuesFaults(object));
      return [];
    }),
};

function ingressFaults({ rules, tls }: Fields): (string | false)[] {
  const covered = list(tls)
    .map(fields)
    .filter(({ secretName }) => secretName !== undefined)
    .flatMap(({ hosts }) => texts(hosts));
  return list(rules).map((rule) => {
    const host = text(fields(rule).host);
    if (host === undefined) return "a rule has no host, so that it answers for every name";
    return !covered.includes(host) && `the host ${host} has no certificate under tls`;
  });
}

/** Charts follow one convention: `ingress` with `enabled`, `hosts` and `tls`. */
function valuesFaults({ manifest }: PlannedObject): (string | false)[] {
  const values = text(fields(manifest.spec).valuesContent);
  return values === undefined ? [] : ingressesIn(parse(values)).map(valuesFault);
}

function ingressesIn(value: unknown): Fields[] {
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "ingress" && fields(inner).enabled === true ? [fields(inner)] : ingressesIn(inner),
  );
}

function valuesFault({ hosts, tls }: Fields): string | false {
  const covered = list(tls).flatMap((each) => texts(fields(each).hosts));
  const missing = texts(hosts).filter((host) => !covered.includes(host));
  return missing.length > 0 && `the chart's ingress has no certificate for ${missing.join(", ")}`;
}
