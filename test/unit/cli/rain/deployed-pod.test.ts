import { expect, it } from "vitest";
import { deployedPod } from "../../../../cli/rain/deployed-pod";
import { RainTracker, type RainTrackerArgs } from "../../../../components/systems";
import { evaluateStack } from "../../../rigs/evaluate";
import { ofKind, renderedObjects } from "../../../rigs/rendered-objects";

const args: RainTrackerArgs = {
  namespace: "rain-tracker",
  environment: "prod",
  image: "registry.example/jobs@sha256:0123",
  databaseSecret: { name: "rain-database", key: "url" },
  readerSecret: { name: "rain-database-reader", key: "url" },
  databaseAccess: "postgresql://rain@postgres/rain",
  host: "rain.example.com",
  archive: { size: "10Gi" },
};

const PLAIN = { endpoint: "https://store.example", region: "us-east-1", bucket: "rain-files" };
const access = { ...PLAIN, accessKey: "rain", secretKey: "secret-of-rain" };

it.each([
  ["no bucket", undefined, undefined],
  ["a bucket", { access }, { ...PLAIN, secret: "rain-files", hasAuthority: false }],
  [
    "a bucket with a CA of its own",
    { access: { ...access, authority: "a certificate" } },
    { ...PLAIN, secret: "rain-files", hasAuthority: true },
  ],
])("an import by hand finds what the scheduled ones have: %s", async (_, files, store) => {
  const { resources } = await evaluateStack({
    program: () => void new RainTracker("rain", { ...args, files }),
  });
  const schedules = ofKind(renderedObjects(resources), "CronJob");
  const kubectl = (words: readonly string[]) =>
    JSON.stringify(schedules.find(({ name }) => words.includes(name))?.inputs);

  expect(deployedPod({ kubectl }, "rain-tracker")).toEqual({
    image: args.image,
    databaseSecret: args.databaseSecret,
    store,
  });
});
