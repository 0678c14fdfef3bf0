import { describe, expect, it } from "vitest";
import { parseSettings } from "../../../../components/settings";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

describe("the status page, which has no login,", () => {
  const withPage = (raw: Record<string, unknown>) => withValue(raw, "operations", { page: true });
  const existing = (target: object) =>
    withPage({ ...rawSettings("prod"), target: { kind: "existing", nodes: ["192.0.2.0/24"], ...target } });

  it("is off unless the settings have it", () => {
    expect(parseSettings(rawSettings("prod")).operations.page).toBe(false);
  });

  it("is refused where the ingress lets everyone in", () => {
    const open = withValue(withPage(rawSettings("dev")), "target.access.web", ["0.0.0.0/0"]);
    expect(() => parseSettings(open)).toThrow(
      /operations\.page: given true; allowed: only while target\.access/,
    );
    expect(() => parseSettings(existing({}))).toThrow(
      /allowed: on an existing cluster only with target\.traefik/,
    );
    expect(() => parseSettings(existing({ traefik: { web: ["0.0.0.0/0"] } }))).toThrow(/operations\.page/);
  });

  it("is allowed where a list of addresses limits it", () => {
    expect(parseSettings(withPage(rawSettings("prod"))).operations.page).toBe(true);
    expect(parseSettings(existing({ traefik: { web: ["198.51.100.0/24"] } })).operations.page).toBe(true);
  });
});
