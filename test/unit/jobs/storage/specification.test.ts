import { describe, expect, it } from "vitest";
import { provisionSpecification } from "../../../../components/data/minio/specification";
import { lifecycleRules } from "../../../../jobs/storage/buckets";
import { policyOf } from "../../../../jobs/storage/policies";
import { type Specification, specification } from "../../../../jobs/storage/specification";
import { minioSettings } from "../../../rigs/minio/rendered";

const { buckets, applications } = minioSettings({});
const rendered = (): Specification => JSON.parse(provisionSpecification({ buckets, applications }));

const problemsOf = (changed: object): string[] => {
  const parsed = specification.safeParse({ ...rendered(), ...changed });
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
};

describe("what is to be in object storage", () => {
  it("is rendered as the job reads it: eight buckets, and a user for each application and for metrics", () => {
    const { buckets, users } = specification.parse(rendered());

    expect(buckets.map(({ name }) => name)).toEqual([
      ...["crm-documents", "crm-quotes", "crm-attachments", "crm-temp", "crm-backups"],
      ...["postgres-archive", "airflow-logs", "rain-files"],
    ]);
    expect(users.map(({ name }) => name)).toEqual(
      ["crm", "backups", "archive", "airflow", "rain", "metrics"].map((each) => `trellis-${each}`),
    );
  });

  it("is refused where it contradicts itself, with everything that is wrong", () => {
    const { buckets, users } = rendered();
    const stranger = { name: "somebody", epoch: 1, may: "use-buckets", buckets: ["lost"] };

    expect(problemsOf({ buckets: [...buckets, buckets[0]], users: [...users, users[0], stranger] })).toEqual([
      "the bucket crm-documents is declared twice",
      "the user trellis-crm is declared twice",
      "the user somebody does not begin with trellis-",
      "the user somebody is to use the bucket lost, which is not declared",
    ]);
    expect(problemsOf({ prefix: "" })).toEqual(["allowed: a name that ends in a dash"]);
  });

  it("gives an application its buckets by name, without a wildcard that would reach another's", () => {
    for (const user of rendered().users) {
      for (const { Effect, Action, Resource = [] } of policyOf(user).Statement) {
        for (const action of Action) expect(action).not.toContain("*");
        for (const resource of Resource) {
          const [bucket, ...path] = resource.replace("arn:aws:s3:::", "").split("/");
          expect(user.may === "use-buckets" && user.buckets.includes(bucket ?? "")).toBe(true);
          expect(["", "*"]).toContain(path.join("/"));
        }
        if (Effect === "Allow" && user.may === "read-metrics") expect(Action).toEqual(["admin:Prometheus"]);
      }
    }
  });

  it("never lets an application destroy an older version, which is there against its mistakes", () => {
    const actions = rendered().users.flatMap((user) =>
      policyOf(user).Statement.flatMap(({ Effect, Action }) => (Effect === "Allow" ? Action : [])),
    );

    expect(actions).toContain("s3:DeleteObject");
    expect(actions.filter((action) => /Version/.test(action))).toEqual([]);
  });

  it("ends objects and older versions each in their own time, and nothing that nobody asked to end", () => {
    const name = "crm-temp";

    expect(lifecycleRules({ name, versioning: false })).toBe("");
    expect(lifecycleRules({ name, versioning: true, expireDays: 7, noncurrentDays: 30 })).toMatch(
      /<Days>7<\/Days>.*<NoncurrentDays>30<\/NoncurrentDays>/,
    );
  });
});
