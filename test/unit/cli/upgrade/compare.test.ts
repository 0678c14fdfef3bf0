import { describe, expect, it } from "vitest";
import { compare } from "../../../../cli/upgrade/compare";
import { type Running, versionIn, versionOfImage } from "../../../../cli/upgrade/running";
import { type PinName, WAYS } from "../../../../cli/upgrade/ways";
import { pinnedImage } from "../../../../components/shared/pinned-image";
import { type Pin, versions } from "../../../../components/shared/versions";

const pins: Readonly<Record<string, Pin>> = versions;
const TODAY = new Date("2026-11-29");

/** A cluster that runs every pin, but for these. */
const running = (changed: Partial<Running> = {}): Running => ({
  // Safe: the entries are those of `versions`.
  ...(Object.fromEntries(
    Object.entries(pins).map(([name, { version }]) => [name, [version]]),
  ) as unknown as Running),
  ...changed,
});

const outcome = (name: PinName, ...runs: string[]) =>
  compare(running({ [name]: runs }), TODAY).find((each) => each.name === name);

describe("what runs against the pins", () => {
  it("is the same where everything runs its pin", () => {
    const all = compare(running(), TODAY);
    expect(all.map((each) => each.outcome)).toEqual(Object.keys(versions).map(() => "same"));
  });

  it("is a change where one member still has another version", () => {
    expect(outcome("patroni", "4.1.4", versions.patroni.version)).toMatchObject({
      outcome: "changes",
      runs: ["4.1.4", versions.patroni.version],
    });
  });

  it("is absent where nothing of it runs", () => {
    expect(outcome("gotrue")?.outcome).toBe("absent");
  });

  it.each<[PinName, string, string]>([
    ["k3s", "v1.34.1+k3s1", "deploy a pin of 1.35 first"],
    ["k3s", "v1.37.0+k3s1", "only a patch release"],
    ["postgres", "16.9", "docs/runbooks/postgres-upgrade.md"],
    ["etcd", "3.7.0", "restore a snapshot"],
  ])("refuses %s from %s", (name, from, words) => {
    expect(outcome(name, from)).toMatchObject({ outcome: "refused", how: expect.stringContaining(words) });
  });

  it.each<[PinName, string]>([
    ["k3s", "v1.35.9+k3s2"],
    ["k3s", "v1.36.1+k3s1"],
    ["postgres", "17.4"],
    ["etcd", "3.5.20"],
  ])("lets %s go on from %s", (name, from) => {
    expect(outcome(name, from)?.outcome).toBe("changes");
  });

  it("names pins whose support ends soon", () => {
    const [k3s] = compare(running(), new Date("2027-06-01"));
    expect(k3s?.support).toContain("2027-06-28");
  });
});

describe("the running version", () => {
  it("is found in the image of every pin that has one, with its digest and without", () => {
    for (const [name, pin] of Object.entries(pins)) {
      const image = pin.image && pinnedImage({ ...pin, digest: "" });
      if (image === undefined || name === "postgres") continue; // its image is the base of one of ours
      expect(versionOfImage(pin, image), name).toBe(pin.version);
      expect(versionOfImage(pin, `${image}@sha256:${"0".repeat(64)}`), name).toBe(pin.version);
      expect(versionOfImage(pin, `example.org/own/${name}:1`), name).toBeUndefined();
    }
  });

  it.each([
    ["postgres (PostgreSQL) 17.11 (Debian 17.11-1.pgdg12+1)", "17.11"],
    ["patroni 4.1.5", "4.1.5"],
    ["pgBackRest 2.59.1", "2.59.1"],
    ["PgBouncer 1.25.2\nlibevent 2.1.12-stable", "1.25.2"],
  ])("is read from %j", (printed, version) => {
    expect(versionIn(printed)).toBe(version);
  });

  it("can be read for every pin", () => {
    for (const [name, { sources }] of Object.entries(WAYS)) {
      const needsImage = sources.some(({ from }) => from === "image");
      expect(!needsImage || pins[name]?.image !== undefined, name).toBe(true);
    }
  });
});
