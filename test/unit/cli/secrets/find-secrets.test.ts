import { beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../../../cli/pulumi-monitor";
import { findSecrets } from "../../../../cli/secrets/find-secrets";
import { pages } from "../../../rigs/cli/docs";
import { evaluatePlatform } from "../../../rigs/platform/platform";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

/** GardenOS beside its database alone, with second epochs, which keep the secrets of the first. */
const GARDENOS = {
  ...withValue(rawSettings("prod"), "gardenos", {
    origins: ["https://app.example.com"],
    keysEpoch: 2,
    agents: { modelUrl: "https://models.example.com/v1", model: "example/model" },
  }),
  datasurface: undefined,
  postgres: { databases: { crm: { epoch: 2 } } },
};

const secretsIn = (evaluation: Evaluation, resources = evaluation.resources) =>
  findSecrets({
    evaluation: { ...evaluation, resources },
    secretKeys: ["trellis:hcloudToken", "trellis:offsiteSecretKey"],
    whyOf: new Map([["trellis:offsiteSecretKey", "backups are copied with it"]]),
  });

function one<Item>([item, ...more]: readonly Item[]): Item {
  if (item === undefined || more.length > 0)
    throw new Error(`expected one, found ${more.length + (item ? 1 : 0)}`);
  return item;
}

describe("the table of secrets", () => {
  let prod: Evaluation;
  let gardenos: Evaluation;
  beforeAll(async () => {
    prod = await evaluatePlatform(rawSettings("prod"), "prod");
    gardenos = await evaluatePlatform(GARDENOS, "prod");
  });
  const named = (name: string, evaluation = prod) =>
    one(secretsIn(evaluation).filter(({ kind }) => kind.name === name));

  it("has every password and key that the program generates", () => {
    for (const evaluation of [prod, gardenos]) {
      const generated = evaluation.resources.filter(({ type }) => /^random:|:PrivateKey$/.test(type));
      const listed = secretsIn(evaluation).flatMap(({ resources }) => resources.map(({ urn }) => urn));

      expect(generated.length).toBeGreaterThan(45);
      expect([...listed].sort()).toEqual(generated.map(({ urn }) => urn).sort());
    }
  });

  it("fails for a secret that it does not describe", () => {
    const like = one(prod.resources.filter(({ name }) => name === "backup-scratch"));
    const unknown = { ...like, urn: `${like.urn}-2`, name: "payments-api-key" };

    expect(() => secretsIn(prod, [...prod.resources, unknown])).toThrow(
      "the secret payments-api-key (random:index/randomPassword:RandomPassword) is not in cli/secrets/kinds.ts",
    );
  });

  it("names a setting that exists, or a section of a runbook", () => {
    const anchorsOf = new Map(pages().map(({ path, anchors }) => [path, anchors]));
    for (const { kind } of [...secretsIn(prod), ...secretsIn(gardenos)]) {
      const { rotation } = kind;
      if (rotation.by !== "runbook") continue;
      const [file, section] = rotation.section.split("#");
      expect(anchorsOf.get(`docs/runbooks/${file}`) ?? new Set(), kind.name).toContain(section);
    }
    const settings = [...secretsIn(prod), ...secretsIn(gardenos)].flatMap(({ kind: { rotation } }) =>
      rotation.by === "setting" ? [rotation.path.join(".")] : [],
    );
    expect([...new Set(settings)].sort()).toEqual([
      "backup.epoch",
      "epochs.certificates",
      "epochs.kubeconfigs",
      "gardenos.keysEpoch",
      ...["airflow", "archive", "backups", "crm", "rain"].map((name) => `minio.applications.${name}.epoch`),
      ...["airflow_db", "crm", "customer_db", "datasurface_merge", "rain"].map(
        (name) => `postgres.databases.${name}.epoch`,
      ),
    ]);
  });

  it("puts all logins of a database together, those of GardenOS' services and of both epochs too", () => {
    expect(named("database-crm", gardenos).resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "postgres-databases-crm_reader_1",
        "postgres-databases-crm_writer_2",
        expect.stringMatching(/-authenticator_2$/),
        expect.stringMatching(/-crm_agents_2$/),
      ]),
    );
  });

  it("tells who has a secret and which pods restart with it", () => {
    expect(named("database-rain")).toMatchObject({
      owners: ["postgres-databases"],
      consumers: expect.arrayContaining(["rain-tracker/Secret rain-database"]),
      rolls: ["rain-tracker/Deployment rain-api", "rain-tracker/Deployment rain-metrics"],
    });
    expect(named("certificates").consumers).toEqual(
      expect.arrayContaining(["Server ubuntu-16gb-fsn1-1", "postgres/Secret postgres-certificate"]),
    );
  });

  it("has the secrets of the configuration, with what needs them", () => {
    expect(named("offsiteSecretKey").kind).toMatchObject({
      opens: "backups are copied with it",
      rotation: { by: "configuration" },
    });
    expect(named("hcloudToken").kind.rotation).toEqual({
      by: "runbook",
      section: "rotate-secrets.md#hetzners-token",
    });
  });
});
