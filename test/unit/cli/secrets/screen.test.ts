import { expect, it } from "vitest";
import { configuredKind, kindOf } from "../../../../cli/secrets/kinds";
import { detailsOf, type Row, tableOf, wayOf } from "../../../../cli/secrets/screen";
import { paletteFor } from "../../../../cli/shared/palette";

const PLAIN = paletteFor({ isTTY: false });
const NOW = new Date("2026-11-29T12:00:00Z");

function row(name: string, age: Row["age"], rolls: readonly string[] = []): Row {
  const kind = kindOf({ name, of: "none" });
  if (!kind) throw new Error(`${name} is not in the table`);
  return { kind, age, rolls, resources: [], owners: ["postgres-databases"], consumers: [] };
}

it("shows one line for each secret: its age, when it is due, how many restart, and what rotates it", () => {
  const rows = [
    row(
      "postgres-databases-rain_reader_1",
      { made: new Date("2026-11-01T00:00:00Z"), due: new Date("2027-11-01T00:00:00Z") },
      ["rain-tracker/Deployment rain-api"],
    ),
    row("cluster-join-secrets-secrets-encryption-key", {}),
  ];

  expect(tableOf(rows, NOW, PLAIN)).toBe(`SECRET          AGE      DUE         RESTARTS  ROTATED BY
database-rain   28 days  2027-11-01  1         trellis rotate database-rain: postgres.databases.rain.epoch
encryption-key  ?        -           -         docs/runbooks/encryption-key.md#rotate
`);
});

it("marks what is due, and only that", () => {
  const due = row("postgres-databases-rain_reader_1", { due: new Date("2026-11-01T00:00:00Z") });
  const later = row("postgres-databases-crm_reader_1", { due: new Date("2027-11-01T00:00:00Z") });
  const [, first, second] = tableOf([due, later], NOW, paletteFor({ isTTY: true }, {})).split("\n");

  expect(first).toContain("\u001b[33mdatabase-rain");
  expect(second).not.toContain("\u001b");
});

it("shows everything about one", () => {
  const details = detailsOf(
    row("postgres-databases-rain_reader_1", {}, ["rain-tracker/Deployment rain-api"]),
    PLAIN,
  );

  expect(details).toMatch(/^database-rain {2}the database rain\n/);
  expect(details).toMatch(/^ {2}owner +postgres-databases$/m);
  expect(details).toMatch(/^ {2}restarts +rain-tracker\/Deployment rain-api$/m);
  expect(details).toMatch(/^ {2}former +ends with the increment after this one$/m);
});

it("says which command sets a secret of the configuration", () => {
  expect(wayOf(configuredKind("trellis:slackToken", undefined))).toBe(
    "pulumi config set --secret trellis:slackToken",
  );
});
