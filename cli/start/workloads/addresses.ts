import type { Environment } from "./environment";
import type { Service } from "./manifests";

/** The loopback ports of the platform's Services. */
export interface Routes {
  readonly services: readonly Service[];
  /** The loopback port for a Service's port; undefined if nothing replaces it here. */
  portOf(service: Service, port: number): number | undefined;
}

interface LoopbackEnvironment {
  readonly environment: Environment;
  /** Services in the environment that nothing replaces here, such as `airflow.airflow:8080`. */
  readonly absent: readonly string[];
}

const LOOPBACK = "127.0.0.1";

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  postgres: 5432,
  postgresql: 5432,
};

/**
 * Replaces the addresses of Services in an environment with loopback addresses. It finds a Service by its full name
 * anywhere (also with a pod's name in front), and in its own namespace by its short name, if a value is the host of a
 * URL or of a variable `..._HOST`. The port of a host without one is that of the neighbouring variable (`X_PORT` for
 * `X_HOST`), the scheme's, or the Service's only port. `X_PORT` is then set to the new port.
 */
export function toLoopback(environment: Environment, namespace: string, routes: Routes): LoopbackEnvironment {
  const rewritten: Record<string, string> = { ...environment };
  const ports: Record<string, string> = {};
  const absent = new Set<string>();
  const pattern = addressPattern(routes.services);
  if (!pattern) return { environment, absent: [] };

  for (const [variable, value] of Object.entries(environment)) {
    const portVariable = /_HOST$/.test(variable) ? variable.replace(/HOST$/, "PORT") : undefined;
    rewritten[variable] = value.replaceAll(pattern, (found, ...rest: (string | undefined)[]) => {
      const [scheme, credentials = "", name = "", givenPort] = rest;
      const service = serviceOf(name, namespace, routes.services);
      const isHost = scheme !== undefined || (portVariable !== undefined && value === found);
      if (!service || !(isHost || isFullName(name, service))) return found;
      const beside = portVariable && environment[portVariable];
      const port = Number(
        givenPort ?? (beside || undefined) ?? DEFAULT_PORTS[scheme ?? ""] ?? service.ports[0] ?? Number.NaN,
      );
      const local = routes.portOf(service, port);
      if (local === undefined) {
        absent.add(`${service.name}.${service.namespace}:${port}`);
        return found;
      }
      const before = scheme === undefined ? "" : `${scheme}://${credentials}`;
      if (portVariable && value === found && givenPort === undefined) {
        ports[portVariable] = String(local);
        return before + LOOPBACK;
      }
      const silent = givenPort === undefined && scheme === undefined;
      return before + LOOPBACK + (silent ? "" : `:${local}`);
    });
  }
  return { environment: { ...rewritten, ...ports }, absent: [...absent] };
}

/** Matches scheme, credentials, host and port of a possible Service address. */
function addressPattern(services: readonly Service[]): RegExp | undefined {
  const names = [...new Set(services.map(({ name }) => name))].sort((a, b) => b.length - a.length);
  if (names.length === 0) return undefined;
  const host = `(?:[a-z0-9-]+\\.)?(?:${names.join("|")})(?:\\.[a-z0-9-]+(?:\\.svc(?:\\.cluster\\.local)?)?)?`;
  return new RegExp(
    `(?<![\\w.-])(?:([a-z][a-z0-9+.-]*)://([^/@\\s]*@)?)?(${host})(?::(\\d+))?(?![\\w-]|\\.\\w)`,
    "g",
  );
}

function serviceOf(host: string, namespace: string, services: readonly Service[]): Service | undefined {
  const labels = host.replace(/\.svc(\.cluster\.local)?$/, "").split(".");
  const find = (name: string | undefined, within: string | undefined) =>
    services.find((each) => each.name === name && each.namespace === within);
  return labels.length === 1 ? find(labels[0], namespace) : (find(labels.at(-2), labels.at(-1)) ?? undefined);
}

const isFullName = (host: string, { name, namespace }: Service) => host.includes(`${name}.${namespace}`);
