import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import platform from "../../index";
import {
  changes,
  lossesOf,
  type ReleasedStack,
  type Run,
  readReleasedStack,
  recordedReleases,
  recordedStacks,
  startEngine,
} from "../rigs/engine";
import { repository, withValue } from "../rigs/platform/stacks";
import { describeWith } from "../rigs/programs";

/**
 * Replacements and deletions that the next release makes on purpose: URNs by the release before, each with a comment that
 * says what a user has to do. CHANGELOG.md says the same.
 */
const INTENDED: Readonly<Record<string, readonly string[]>> = {
  "0.1.0": ["dev", "existing", "prod"].flatMap((stack) => {
    const urn = (types: string, name: string) => `urn:pulumi:${stack}::trellis::${types}::${name}`;
    const databases = "trellis:postgres:Postgres$trellis:postgres:ApplicationDatabases$kubernetes:core/v1";
    const foundation = "trellis:foundation:Foundation$trellis:foundation:GuardedNamespace";
    return [
      // Inputs of Jobs, whose names contain their digests: the new ones exist before the former are deleted.
      urn(`${databases}:ConfigMap`, "postgres-databases-specification"),
      urn(`${databases}:Secret`, "postgres-databases-passwords"),
      urn(
        "trellis:minio:MinIO$trellis:minio:Provisioning$kubernetes:core/v1:ConfigMap",
        "minio-provisioning-specification",
      ),
      urn(
        "trellis:minio:MinIO$trellis:minio:Provisioning$kubernetes:core/v1:Secret",
        "minio-provisioning-keys",
      ),
      // Prometheus reads the object mirror's metrics too, by policies of other names; nothing to do.
      urn(
        `${foundation}$kubernetes:networking.k8s.io/v1:NetworkPolicy`,
        "foundation-storage-allow-from-monitoring-9000",
      ),
      urn(
        "trellis:foundation:AddOns$trellis:foundation:GuardedNamespace$kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "add-ons-monitoring-allow-to-storage-9000",
      ),
      // Prometheus reads etcd at its client port, and what has metrics, by policies of other names; nothing to do.
      ...["datasurface-allow-from-monitoring-9464", "gardenos-allow-from-monitoring-8000-8001-9999"].map(
        (name) => urn(`${foundation}$kubernetes:networking.k8s.io/v1:NetworkPolicy`, `foundation-${name}`),
      ),
      ...[
        "allow-to-servers-6443-6445-2381-8404-9100-10250",
        ...["allow-to-datasurface-9464", "allow-to-rain-tracker-8080-9464"],
        "allow-to-gardenos-8000-8001-9999",
      ].map((name) =>
        urn(
          "trellis:foundation:AddOns$trellis:foundation:GuardedNamespace$kubernetes:networking.k8s.io/v1:NetworkPolicy",
          `add-ons-monitoring-${name}`,
        ),
      ),
      // Ingestion reaches its sources and its repository by policies of its own; nothing to do.
      urn(
        `${foundation}$kubernetes:networking.k8s.io/v1:NetworkPolicy`,
        "foundation-datasurface-allow-to-internet-443",
      ),
    ];
  }),
};

const release = recordedReleases().at(-1) ?? "none";

const HELP =
  "The upgrade deletes or replaces resources of the release before. " +
  "Keep their names and type tokens, give them aliases, or list them in INTENDED with what a user has to do";

/** What a user has to add to the settings of a released stack, as the changelog says. */
const ADDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  prod: { monitoring: { alerts: { acceptNone: true } } },
};

/** Previews today's program on the state of a released stack. */
async function upgrade({ state, ...options }: ReleasedStack): Promise<Run> {
  const settings = { ...(options.config["trellis:settings"] as object), ...ADDED[options.stack] };
  const engine = await startEngine({
    ...options,
    config: { ...options.config, "trellis:settings": settings },
  });
  try {
    await engine.importState(JSON.stringify(state));
    return await engine.preview(platform);
  } finally {
    engine.close();
  }
}

/** The released stack as if its program had declared something else: with other texts everywhere in the state. */
function withTexts(released: ReleasedStack, texts: Readonly<Record<string, string>>): ReleasedStack {
  const state = Object.entries(texts).reduce((before, [text, other]) => {
    const after = before.replaceAll(text, other);
    if (after === before)
      throw new Error(`the state of ${released.stack} in ${release} does not contain ${text}`);
    return after;
  }, JSON.stringify(released.state));
  return { ...released, state: JSON.parse(state) };
}

describeWith(["pulumi"], `an upgrade from release ${release}`, () => {
  it("begins with the version in package.json, which has a record of three stacks", () => {
    const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
    expect(release).toBe(version);
    expect(recordedStacks(release)).toEqual(["dev", "existing", "prod"]);
  });

  it.each(recordedStacks(release))("deletes and replaces nothing in the stack %s", async (stack) => {
    const run = await upgrade(readReleasedStack(release, stack));

    expect(lossesOf(run, INTENDED[release]), HELP).toEqual([]);
    const created = changes(run).filter(({ op }) => op === "create");
    expect(run.steps.length - created.length).toBeGreaterThan(200);
  });

  // Which servers these are the run itself says: their user data has a new certificate, which no preview knows.
  it("touches no server when user data changed", async () => {
    const released = readReleasedStack(release, "prod");
    const settings = { ...(released.config["trellis:settings"] as object) };
    const config = { "trellis:settings": withValue(settings, "target.etcd", { snapshotEveryHours: 3 }) };

    const run = await upgrade({ ...released, config });

    expect(lossesOf(run, INTENDED[release]), HELP).toEqual([]);
    expect(changes(run).filter(({ type }) => type === "hcloud:index/server:Server")).toEqual([]);
  });
});

describeWith(["pulumi"], "an upgrade from a release whose program was another", () => {
  let run: Run;
  let losses: string[];
  const lost = (text: string) => losses.filter((loss) => loss.includes(text));

  beforeAll(async () => {
    const before = withTexts(readReleasedStack(release, "existing"), {
      "::foundation-postgres-quota": "::quota-before", // the name of a resource for which a whole namespace waits
      "trellis:rain:RainTracker": "trellis:rain:Before", // the type token of a component
      '"serviceName":"minio"': '"serviceName":"before"', // a field of a StatefulSet that cannot change
      '"apache/airflow:': '"apache/airflow:before-', // an image of Deployments and of a Job
      '"deleteUnreachable":"true"': '"deleteUnreachable":"false"', // how the provider is set
    });
    run = await upgrade(before);
    losses = lossesOf(run, INTENDED[release]);
  });

  it("deletes a resource that has another name now", () => {
    expect(lost("quota")).toEqual([expect.stringMatching(/^delete urn:\S+:ResourceQuota::quota-before$/)]);
  });

  it("deletes a component that has another type token now, and all its children", () => {
    const component = expect.stringMatching(/^delete urn:[^$]+::trellis:rain:Before::rain/);
    expect(lost("trellis:rain:Before")).toContainEqual(component);
    expect(lost("trellis:rain:Before$kubernetes:").length).toBeGreaterThan(5);
  });

  it("replaces a resource of which a field changed that cannot", () => {
    const [replaced = ""] = lost("::minio-servers-set");
    expect(replaced).toMatch(
      /^replace urn:\S+:StatefulSet::minio-servers-set because of .*spec\.serviceName/,
    );
    const [, urn = ""] = replaced.split(" ");
    expect(lossesOf(run, [...(INTENDED[release] ?? []), urn])).toEqual(
      losses.filter((loss) => loss !== replaced),
    );
  });

  it("loses nothing else: Deployments and a provider are updated, and a Job runs again", () => {
    expect(losses).toHaveLength(
      lost("quota").length + lost("trellis:rain:Before").length + lost("::minio-servers-set").length,
    );
    const made = changes(run).map(({ op, name }) => `${op} ${name}`);
    expect(made).toEqual(
      expect.arrayContaining([
        "update kubernetes",
        "update airflow-airflow-scheduler",
        "replace airflow-migration",
      ]),
    );
  });
});
