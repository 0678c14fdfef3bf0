import { parse } from "yaml";

type Values = Readonly<Record<string, unknown>>;

/**
 * The values of Traefik's chart (v39) that our arguments depend on, with those that K3s sets on top. The chart is on no
 * registry of modules, so this file is the one place that repeats what its template `_podtemplate.tpl` does with them.
 */
const CHART: Values = {
  rbac: { enabled: true, namespaced: false },
  providers: {
    kubernetesCRD: { namespaces: [] },
    kubernetesIngress: { namespaces: [], publishedService: { enabled: true } },
  },
  ports: { web: {}, websecure: {} },
  additionalArguments: [],
};

const isMap = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** As Helm merges values: maps key by key, lists and scalars whole. */
function merged(under: Values, over: Values): Values {
  const both = Object.entries(over).map(([key, value]) => {
    const below = under[key];
    return [key, isMap(value) && isMap(below) ? merged(below, value) : value];
  });
  return { ...under, ...Object.fromEntries(both) };
}

const within = (values: Values, ...path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), values);

export interface TraefikSetup {
  /** The HelmChartConfig that K3s finds in its folder of manifests (YAML). */
  readonly chartConfig: string;
  /** The values in the Secrets that it names, by Secret and key. */
  readonly secretValues: (secret: string, key: string) => string;
  /** Where its entry points listen. In a pod: web 8000, websecure 8443, metrics 9100, traefik 8080, at every address. */
  readonly listen: Readonly<Record<"web" | "websecure" | "metrics" | "traefik", string>>;
}

/** The arguments of the pod, with other addresses to listen at, and whether the chart would make roles of its own. */
export function traefikArguments({ chartConfig, secretValues, listen }: TraefikSetup): {
  readonly words: string[];
  readonly chartMakesRoles: boolean;
} {
  const { valuesContent, valuesSecrets = [] } = parse(chartConfig).spec;
  const others = valuesSecrets.flatMap(({ name, keys }: { name: string; keys: string[] }) =>
    keys.map((key) => parse(secretValues(name, key))),
  );
  const values = [parse(valuesContent), ...others].reduce<Values>(merged, CHART);
  const namespaces = (provider: string): string[] => {
    const named = within(values, "providers", provider, "namespaces");
    return Array.isArray(named) && named.length > 0
      ? [`--providers.${provider.toLowerCase()}.namespaces=${named.join(",")}`]
      : [];
  };
  const publishes = within(values, "providers", "kubernetesIngress", "publishedService", "enabled") === true;
  return {
    chartMakesRoles: within(values, "rbac", "enabled") === true,
    words: [
      "--global.checkNewVersion=false",
      ...Object.entries(listen).map(([entry, address]) => `--entryPoints.${entry}.address=${address}/tcp`),
      "--api.dashboard=true",
      "--ping=true",
      ...["--metrics.prometheus=true", "--metrics.prometheus.entrypoint=metrics"],
      ...["--providers.kubernetescrd", "--providers.kubernetescrd.allowEmptyServices=true"],
      ...["--providers.kubernetesingress", "--providers.kubernetesingress.allowEmptyServices=true"],
      ...(publishes
        ? ["--providers.kubernetesingress.ingressendpoint.publishedservice=kube-system/traefik"]
        : []),
      ...namespaces("kubernetesCRD"),
      ...namespaces("kubernetesIngress"),
      "--entryPoints.websecure.http.tls=true",
      "--log.level=INFO",
      ...(within(values, "additionalArguments") as string[]), // safe: the chart fails for anything else
    ],
  };
}
