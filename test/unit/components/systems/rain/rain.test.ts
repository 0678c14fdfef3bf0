import { describe, expect, it } from "vitest";
import { RainTracker, type RainTrackerArgs } from "../../../../../components/systems/rain";
import { checkWords, importRequest } from "../../../../../components/systems/rain/import-request";
import { rain } from "../../../../../jobs/rain";
import { evaluateStack } from "../../../../rigs/evaluate";
import { nonempty } from "../../../../rigs/nonempty";
import { RAIN_TRACKER } from "../../../../rigs/rain/tracker-args";
import {
  ofKind,
  type Rendered,
  type RenderedObject,
  renderedObjects,
} from "../../../../rigs/rendered-objects";

async function objectsOf(args: Partial<RainTrackerArgs> = {}): Promise<RenderedObject[]> {
  const { resources } = await evaluateStack({
    program: () => void new RainTracker("rain", { ...RAIN_TRACKER, ...args }),
  });
  return renderedObjects(resources);
}

const podOf = ({ kind, inputs }: RenderedObject) =>
  (kind === "CronJob" ? inputs.spec.jobTemplate.spec : inputs.spec).template;

describe("Rain Tracker in the cluster", () => {
  it("brings its tables up to date before anything that reads them is touched", async () => {
    const { resources } = await evaluateStack({ program: () => void new RainTracker("rain", RAIN_TRACKER) });

    const migration = resources.find(({ type }) => type.endsWith(":Job"));
    const [container] = Object(migration?.inputs.spec).template.spec.containers;
    expect(container.args).toEqual(["postgres", "migrate", "up", "rain"]);
    expect(migration?.options.replaceOnChanges).toContain("spec");
    const readers = resources.filter(({ type }) => /:(CronJob|Deployment)$/.test(type));
    expect(readers).toHaveLength(5);
    for (const { dependencies } of nonempty(readers)) expect(dependencies).toContain(migration?.urn);
  });

  it("imports by three schedules, in their own time zone, one at a time, with the figures of the old service", async () => {
    const schedules = ofKind(await objectsOf(), "CronJob").map(({ name, inputs: { spec } }) => {
      const job = spec.jobTemplate.spec;
      const [container] = job.template.spec.containers;
      return [
        ...[name, spec.schedule, container.args.slice(1).join(" ")],
        ...[job.backoffLimit, job.ttlSecondsAfterFinished, spec.successfulJobsHistoryLimit],
        `${container.resources.requests.cpu}->${container.resources.limits.cpu}`,
        `${container.resources.requests.memory}->${container.resources.limits.memory}`,
      ];
    });
    expect(schedules.sort()).toEqual([
      ["rain-import-current-year", "0 3 * * *", "import-year current", 2, 86400, 3, "250m->1", "256Mi->1Gi"],
      [
        ...["rain-import-recent-years", "0 4 * * 0"],
        "import-years previous current --sequential --continue-on-failure",
        ...[2, 172800, 2, "500m->2", "512Mi->2Gi"],
      ],
      [
        ...["rain-refresh-official-records", "0 2 1 * *", "import-fopr --stale-days 30"],
        ...[3, 172800, 2, "250m->500m", "256Mi->512Mi"],
      ],
    ]);
    for (const { inputs } of nonempty(ofKind(await objectsOf(), "CronJob"))) {
      expect(inputs.spec).toMatchObject({
        timeZone: "Etc/UTC",
        suspend: false,
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        failedJobsHistoryLimit: 1,
        jobTemplate: { spec: { template: { spec: { restartPolicy: "OnFailure" } } } },
      });
    }
  });

  it("differs between environments only by settings: dev sleeps and talks", async () => {
    const configuration = async (environment: RainTrackerArgs["environment"]) =>
      ofKind(await objectsOf({ environment }), "ConfigMap")[0]?.inputs.data;
    const [dev, staging, prod] = await Promise.all((["dev", "staging", "prod"] as const).map(configuration));
    expect(dev).toEqual({
      ...staging,
      LOG_LEVEL: "debug",
      RAIN_CONTINUE_ON_FAILURE: "true",
      RAIN_DATABASE_SESSIONS: "2",
    });
    expect(prod).toEqual(staging);
    for (const { inputs } of nonempty(ofKind(await objectsOf({ environment: "dev" }), "CronJob"))) {
      expect(inputs.spec.suspend).toBe(true);
    }
  });

  it("configures nothing that no code reads, and nothing that the code would refuse", async () => {
    const origins = ["https://app.example.com", "https://other.example.com/"];
    const data: Record<string, string> = ofKind(await objectsOf({ origins }), "ConfigMap")[0]?.inputs.data;
    expect(data.RAIN_CORS_ORIGINS).toBe("https://app.example.com,https://other.example.com");
    const LOGGER = ["LOG_FORMAT", "LOG_LEVEL"];
    const declared = rain.verbs.flatMap(({ declares }) => declares.filter(({ kind }) => kind === "variable"));
    const read = new Set([...LOGGER, ...declared.map(({ syntax }) => syntax)]);
    expect(Object.keys(data).filter((key) => !read.has(key))).toEqual([]);

    const environment = { ...data, RAIN_DATABASE_URL: "postgres://rain:secret@postgres/rain" };
    for (const verb of nonempty(rain.verbs)) {
      const words = verb.name === "import-year" ? ["2023"] : [];
      expect(verb.prepare({ arguments: words, flags: {}, environment }).problems).toBeUndefined();
    }
  });

  it("runs every pod under the restricted profile, without a token, by the image given", async () => {
    const pods = (await objectsOf())
      .filter(({ kind }) => kind === "CronJob" || kind === "Deployment")
      .map(podOf);
    expect(pods).toHaveLength(5);
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(spec.containers.length).toBeGreaterThan(0);
      for (const container of spec.containers) {
        expect(container.image).toBe(RAIN_TRACKER.image);
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(JSON.stringify(container.env)).not.toContain("postgres://");
      }
    }
  });

  it("gives what answers requests the login that can only read, and only that", async () => {
    const secretsOf = async (kind: string) =>
      ofKind(await objectsOf(), kind).map((object) => {
        const { containers, volumes } = podOf(object).spec;
        return [
          containers[0].env[0].valueFrom.secretKeyRef.name,
          JSON.stringify(volumes).match(/rain-database[a-z-]*/g),
        ];
      });
    for (const secrets of nonempty(await secretsOf("Deployment"))) {
      expect(secrets).toEqual(["rain-database-reader", ["rain-database-reader"]]);
    }
    for (const secrets of nonempty(await secretsOf("CronJob"))) {
      expect(secrets).toEqual(["rain-database", ["rain-database"]]);
    }
  });

  it("never sends a request for the API to an import", async () => {
    const objects = await objectsOf();
    const services = ofKind(objects, "Service").map(({ inputs }) => inputs.spec.selector);
    for (const pod of nonempty(objects.filter(({ kind }) => kind === "CronJob").map(podOf))) {
      for (const selector of nonempty(services)) {
        expect(Object.entries(selector).every(([label, value]) => pod.metadata.labels[label] === value)).toBe(
          false,
        );
      }
    }
  });

  it("lets imports reach names, the database and HTTPS outside, and nobody reach them", async () => {
    const policies = ofKind(await objectsOf(), "NetworkPolicy");
    const imports = policies.find(({ name }) => name === "rain-import")?.inputs.spec;
    expect(imports.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(imports.ingress).toBeUndefined();
    const ports = imports.egress.map((rule: { ports: { port: number }[] }) =>
      rule.ports.map(({ port }) => port),
    );
    expect(ports).toEqual([[53, 53], [5432], [443]]);
    expect(imports.egress[2].to[0].ipBlock.except).toContain("169.254.0.0/16");
    const others = policies.filter(({ name }) => name !== "rain-import");
    expect(JSON.stringify(others)).not.toContain("0.0.0.0/0");
  });

  describe("with a bucket for its files", () => {
    const access = {
      endpoint: "https://store.example:9000",
      region: "us-east-1",
      bucket: "rain-files",
      accessKey: "rain",
      secretKey: "secret-of-rain",
    };
    const files = { access: { ...access, authority: "-----BEGIN CERTIFICATE-----" } };
    const egressOf = async (args: Partial<RainTrackerArgs>) =>
      Object.fromEntries(
        ofKind(await objectsOf(args), "NetworkPolicy").map(({ name, inputs }) => [name, inputs.spec.egress]),
      );

    it("gives imports, and nothing else, what the job reads, by a Secret", async () => {
      const objects = await objectsOf({ files });
      const content = ofKind(objects, "Secret").find(({ name }) => name === "rain-files")?.inputs.stringData;
      const { "ca.crt": authority, ...keys } = content;
      expect(authority).toBe(files.access.authority);
      const PLAIN = {
        RAIN_FILES_ENDPOINT: access.endpoint,
        RAIN_FILES_REGION: access.region,
        RAIN_FILES_BUCKET: access.bucket,
      };
      const variables = { ...PLAIN, ...keys };
      const environment = { ...variables, RAIN_DATABASE_URL: "postgres://rain:secret@postgres/rain" };
      const importYear = rain.verbs.find(({ name }) => name === "import-year");
      const given = { arguments: ["2023"], flags: {}, environment };
      expect(importYear?.prepare(given).problems).toBeUndefined();
      const declared = importYear?.declares.map(({ syntax }) => syntax);
      expect(declared).toEqual(expect.arrayContaining(Object.keys(variables)));

      for (const pod of nonempty(ofKind(objects, "CronJob").map(podOf))) {
        const [{ env, volumeMounts }] = pod.spec.containers;
        const fromSecret = env.filter(
          (each: Rendered) => each.valueFrom?.secretKeyRef?.name === "rain-files",
        );
        expect(fromSecret.map(({ name }: Rendered) => name)).toEqual(Object.keys(keys));
        expect(env).toEqual(
          expect.arrayContaining(Object.entries(PLAIN).map(([name, value]) => ({ name, value }))),
        );
        expect(env).toContainEqual({ name: "NODE_EXTRA_CA_CERTS", value: "/etc/trellis/store/ca.crt" });
        expect(volumeMounts).toContainEqual({
          name: "store-authority",
          mountPath: "/etc/trellis/store",
          readOnly: true,
        });
        const volume = { secretName: "rain-files", items: [{ key: "ca.crt", path: "ca.crt" }] };
        expect(pod.spec.volumes).toContainEqual({ name: "store-authority", secret: volume });
        expect(JSON.stringify(pod.spec.volumes)).toContain('"claimName":"rain-archive"');
      }
      const others = objects.filter(({ kind }) => kind === "Deployment" || kind === "Job").map(podOf);
      expect(others).toHaveLength(3);
      expect(JSON.stringify(others)).not.toMatch(/rain-files|RAIN_FILES|NODE_EXTRA_CA_CERTS/);
    });

    it("trusts the system's CAs where the store has none of its own", async () => {
      const objects = await objectsOf({ files: { access } });
      expect(JSON.stringify(ofKind(objects, "CronJob"))).toContain("RAIN_FILES_ENDPOINT");
      expect(JSON.stringify(objects)).not.toMatch(/NODE_EXTRA_CA_CERTS|store-authority/);
    });

    it("opens the store to imports alone: MinIO in the cluster, or a port on the internet", async () => {
      const without = await egressOf({});
      const inside = await egressOf({ files });
      const outside = await egressOf({ files: { ...files, storePort: 8443 } });
      const [minio] = inside["rain-import"].slice(without["rain-import"].length);
      expect(minio).toEqual({
        to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "storage" } } }],
        ports: [{ port: 9000, protocol: "TCP" }],
      });
      const [store] = outside["rain-import"].slice(without["rain-import"].length);
      expect(store.ports).toEqual([{ port: 8443, protocol: "TCP" }]);
      expect(store.to[0].ipBlock).toEqual(without["rain-import"][2].to[0].ipBlock);
      for (const egress of [inside, outside]) {
        expect({ ...egress, "rain-import": [] }).toEqual({ ...without, "rain-import": [] });
      }
    });

    it("leaves everything as it was without one", async () => {
      const objects = await objectsOf();
      expect(ofKind(objects, "Secret")).toEqual([]);
      expect(JSON.stringify(objects)).not.toMatch(/rain-files|RAIN_FILES|NODE_EXTRA_CA_CERTS/);
    });
  });

  it("serves the API with probes, an autoscaler that decides the number of pods, and an ingress", async () => {
    const objects = await objectsOf();
    const api = ofKind(objects, "Deployment").find(({ name }) => name === "rain-api")?.inputs.spec;
    expect(api.replicas).toBeUndefined();
    const [container] = api.template.spec.containers;
    expect(container.livenessProbe.httpGet.path).toBe("/api/v1/health");
    expect(container.readinessProbe.httpGet.path).toBe("/api/v1/ready");
    expect(ofKind(objects, "HorizontalPodAutoscaler")[0]?.inputs.spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 4,
    });
    expect(ofKind(objects, "PodDisruptionBudget")).toHaveLength(1);
    expect(ofKind(objects, "Ingress")[0]?.inputs.spec.rules[0].host).toBe("rain.example.com");
  });
});

describe("an import that somebody starts", () => {
  const pod = { image: "registry.example/jobs@sha256:0123", databaseSecret: RAIN_TRACKER.databaseSecret };

  it.each([
    ["import-year 2023", "historical-single-year", 1, 86400, "250m->1", "256Mi->1Gi"],
    ["import-years 2010 2024", "historical-bulk-import", 2, 172800, "500m->2", "512Mi->2Gi"],
    [
      "import-years 2010 2024 --sequential",
      "historical-bulk-import-sequential",
      2,
      172800,
      "500m->2",
      "512Mi->2Gi",
    ],
    ["import-fopr", "fopr-metadata-import", 3, 86400, "250m->500m", "256Mi->512Mi"],
    ["import-fopr --gauge 59700", "fopr-single-gauge", 2, 86400, "100m->250m", "128Mi->256Mi"],
  ])("as %s is the Job %s- with its own figures", (words, jobType, backoff, ttl, cpu, memory) => {
    const job: Rendered = importRequest(words.split(" "), "rain-tracker", pod);
    const [{ resources, args }] = job.spec.template.spec.containers;
    expect(job.metadata).toMatchObject({ generateName: `${jobType}-`, namespace: "rain-tracker" });
    expect(job.spec.template.metadata.labels["job-type"]).toBe(jobType);
    expect(job.spec).toMatchObject({ backoffLimit: backoff, ttlSecondsAfterFinished: ttl });
    expect(args).toEqual(["rain", ...words.split(" ")]);
    expect(`${resources.requests.cpu}->${resources.limits.cpu}`).toBe(cpu);
    expect(`${resources.requests.memory}->${resources.limits.memory}`).toBe(memory);
  });

  it("keeps its files where the scheduled ones do", () => {
    const bucket = { endpoint: "https://store", region: "here", bucket: "rain-files" };
    const store = { ...bucket, secret: "rain-files", hasAuthority: true };
    const byHand: Rendered = importRequest(["import-year", "2023"], "rain-tracker", { ...pod, store });
    const [{ env }] = byHand.spec.template.spec.containers;
    expect(env.map(({ name }: Rendered) => name)).toEqual(
      expect.arrayContaining(["RAIN_FILES_ENDPOINT", "RAIN_FILES_SECRET_ACCESS_KEY", "NODE_EXTRA_CA_CERTS"]),
    );
  });

  it("is refused here, and not by a pod that failed, where its words make no sense", async () => {
    await expect(checkWords(["import-year", "23"])).rejects.toThrow(/<year>: given "23", allowed/);
    await expect(checkWords(["import-year"])).rejects.toThrow(/<year> is required/);
    await expect(checkWords(["import-years", "2024", "2010"])).rejects.toThrow(/before the first year/);
    await expect(checkWords(["drop-all"])).rejects.toThrow(
      /is not an import; allowed: import-year, import-years, import-fopr/,
    );
    await expect(checkWords(["import-year", "2023", "--file", "x.xlsx"])).rejects.toThrow(
      /a pod cannot read/,
    );
    await expect(checkWords(["import-years", "2010", "2024", "--sequential"])).resolves.toBeUndefined();
  });
});
