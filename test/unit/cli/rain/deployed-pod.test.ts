import { expect, it } from "vitest";
import { deployedPod } from "../../../../cli/rain/deployed-pod";
import { RainTracker } from "../../../../components/systems";
import { evaluateStack } from "../../../rigs/evaluate";
import { RAIN_TRACKER } from "../../../rigs/rain/tracker-args";
import { ofKind, renderedObjects } from "../../../rigs/rendered-objects";

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
    program: () => void new RainTracker("rain", { ...RAIN_TRACKER, files }),
  });
  const schedules = ofKind(renderedObjects(resources), "CronJob");
  const kubectl = (words: readonly string[]) =>
    JSON.stringify(schedules.find(({ name }) => words.includes(name))?.inputs);

  expect(deployedPod({ kubectl }, "rain-tracker")).toEqual({
    image: RAIN_TRACKER.image,
    databaseSecret: RAIN_TRACKER.databaseSecret,
    store,
  });
});
