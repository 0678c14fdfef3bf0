import { expect, it } from "vitest";
import { Manifests } from "../../../../cli/start/workloads";
import { evaluatePlatform } from "../../../rigs/platform/platform";
import { rawSettings } from "../../../rigs/platform/stacks";

it("a local run knows the users of object storage apart, although a plan masks access keys", async () => {
  const manifests = new Manifests(await evaluatePlatform(rawSettings("dev"), "dev"));
  const rain = manifests.contentOf("Secret", "rain-tracker", "rain-files");
  const backup = manifests.contentOf("Secret", "postgres", "backup-access");

  expect(rain?.RAIN_FILES_ACCESS_KEY_ID).toBe("trellis-rain");
  expect(backup?.BACKUP_S3_ACCESS_KEY_ID).toBe("trellis-backups");
});
