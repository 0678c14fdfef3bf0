import { UserError } from "../shared/user-error";
import {
  checkAirflow,
  checkConnections,
  checkDatasurface,
  checkEnvironment,
  checkGardenos,
  checkHetzner,
  checkMinio,
  checkMonitoring,
  checkOperations,
  checkPostgres,
} from "./checks";
import { describeProblem, type Problem, problemsOf } from "./problems";
import { ENVIRONMENTS, existingTarget, hetznerTarget, type Settings, settingsSchema } from "./schema";
import { withoutSystemsOff } from "./systems-off";

/** Thrown before any resource is declared; lists all problems of the stack's file at once. */
export class SettingsError extends UserError {
  constructor(readonly problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      `The settings have ${count}:\n${problems.map((each) => `  - ${describeProblem(each)}`).join("\n")}`,
    );
  }
}

/** Turns the content of a stack's file into checked settings with defaults; throws a `SettingsError`. */
export function parseSettings(given: unknown): Settings {
  const raw = withoutSystemsOff(given);
  const parsed = settingsSchema.safeParse(raw);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error, { schema: settingsSchema, root: raw })),
    ...crossChecks(raw),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingsError(distinct(problems));
  return deepFreeze(parsed.data);
}

/** Checks the parts of a file that passed the schema, even if other parts did not. */
function crossChecks(raw: unknown): Problem[] {
  const target = field(raw, "target");
  const draft = field(target, "kind") === "hetzner" ? soundParts(hetznerTarget.shape, target) : {};
  const environment = ENVIRONMENTS.find((each) => each === field(raw, "environment"));
  const { shape } = settingsSchema;
  const postgres = shape.postgres.safeParse(field(raw, "postgres")).data;
  const airflow = shape.airflow.safeParse(field(raw, "airflow")).data;
  const rain = shape.rain.safeParse(field(raw, "rain")).data;
  const datasurface = shape.datasurface.safeParse(field(raw, "datasurface")).data;
  const gardenos = shape.gardenos.safeParse(field(raw, "gardenos")).data;
  const monitoring = shape.monitoring.safeParse(field(raw, "monitoring")).data;
  const operations = shape.operations.safeParse(field(raw, "operations")).data;
  const traefik = existingTarget.shape.traefik.safeParse(field(target, "traefik")).data;
  const kind = (["hetzner", "existing"] as const).find((each) => each === field(target, "kind"));
  const minio = shape.minio.safeParse(field(raw, "minio")).data;
  const ofTarget = [...checkHetzner(draft), ...checkEnvironment(environment, draft)];
  return [
    ...ofTarget.map((each) => ({ ...each, path: ["target", ...each.path] })),
    ...checkPostgres({ environment, postgres }, draft),
    ...checkMinio({ environment, minio }, draft),
    ...checkAirflow({ environment, airflow, datasurface, postgres }),
    ...checkConnections({ environment, airflow, rain, datasurface, gardenos, postgres }),
    ...checkGardenos({ gardenos, postgres, minio }),
    ...checkDatasurface({ datasurface }),
    ...checkMonitoring({ environment, monitoring }, draft),
    ...checkOperations({ operations }, { kind, access: draft.access, traefik }),
  ];
}

type Schemas = typeof hetznerTarget.shape;
type SoundParts = { [Key in keyof Schemas]?: ReturnType<Schemas[Key]["parse"]> };

function soundParts(shape: Schemas, raw: unknown): SoundParts {
  const parts: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const part = schema.safeParse(field(raw, key));
    if (part.success) parts[key] = part.data;
  }
  return parts as SoundParts; // safe: each value was parsed by the schema of its own key
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}

function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((each) => {
    const text = describeProblem(each);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
