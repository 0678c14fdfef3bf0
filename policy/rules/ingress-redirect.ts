import { parse } from "yaml";
import { type Fields, fields, list, text, texts } from "../plan";
import { findings, type Rule } from "./rule";

export const ingressRedirect: Rule = {
  name: "ingress-redirect",
  reason:
    "A page that also answers plain HTTP takes passwords in clear from everybody who types its name without https.",
  remedy: "Let Traefik redirect the entry point web to websecure (components/servers/k3s/ingress.ts).",
  scope: "resource",
  check: ({ objects }) =>
    objects
      .filter(({ kind, name }) => kind === "HelmChartConfig" && name === "traefik")
      .flatMap(({ subject, manifest }) => {
        const values = fields(parse(text(fields(manifest.spec).valuesContent) ?? ""));
        return findings(subject, [
          !redirects(values) && "Traefik answers HTTP itself and redirects nobody to HTTPS",
        ]);
      }),
};

const BY_ARGUMENT = /^--entry-?points\.web\.http\.redirections\.entry-?point\.to=(websecure|:443)$/i;

/** By an argument of Traefik, or by the values of its chart, of which two generations spell them differently. */
function redirects(values: Fields): boolean {
  const web = fields(fields(values.ports).web);
  const byValue = [fields(web.redirections), fields(fields(web.http).redirections)]
    .map(({ entryPoint }) => fields(entryPoint).to)
    .includes("websecure");
  const given = [...texts(values.additionalArguments), ...list(values.globalArguments).map(String)];
  return byValue || given.some((argument) => BY_ARGUMENT.test(argument));
}
