import { describe, expect, it } from "vitest";
import { adviceOn, parseSettings } from "../../../../components/settings";
import { addressesIn, openToTheInternet } from "../../../../components/settings/values";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

describe("ranges", () => {
  it("are counted once where they overlap", () => {
    expect(addressesIn([])).toBe(0);
    expect(addressesIn(["10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25"])).toBe(256);
    expect(addressesIn(["128.0.0.0/1", "0.0.0.0/1"])).toBe(2 ** 32);
    expect(addressesIn(["0.0.0.0/32", "255.255.255.255/32"])).toBe(2);
  });

  it.each([
    [["0.0.0.0/0"], true],
    [["0.0.0.0/1", "128.0.0.0/1"], true],
    [["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"], true],
    [["0.0.0.0/1"], true],
    [["203.0.113.0/24", "198.51.100.7/32"], false],
    [["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], false],
    [["17.0.0.0/8"], false],
  ])("%j together open the internet: %s", (ranges, open) => {
    expect(openToTheInternet(ranges)).toBe(open);
  });
});

describe("a preview", () => {
  const advice = (path: string, value: unknown) =>
    adviceOn(parseSettings(withValue(rawSettings("dev"), path, value))).filter((each) =>
      each.startsWith("target."),
    );

  it("warns of SSH and an API that the internet can reach, in dev too", () => {
    expect(advice("target.access.from", ["0.0.0.0/1", "128.0.0.0/1"]).join()).toContain(
      "the internet can reach SSH and the Kubernetes API through 0.0.0.0/1, 128.0.0.0/1",
    );
    expect(advice("target.access.from", ["198.18.0.0/24"]).join()).not.toContain("target.access.from");
  });

  it("warns of logins that the internet can reach", () => {
    expect(advice("target.access.web", ["0.0.0.0/0"]).join()).toContain(
      "the logins of Airflow, Grafana and MinIO",
    );
  });
});
