import { describe, expect, it } from "vitest";
import { archiveAlerts } from "../../../../../components/data/postgres";
import { queueMetrics, repositoryMetrics } from "../../../../../jobs/backup/archive/exporter";
import { metricsText } from "../../../../../jobs/shared";

const METRIC = /trellis_archive_[a-z_]+/g;

describe("the alerts of the archive", () => {
  it("ask for nothing but what the exporter tells", async () => {
    const at = new Date(Date.UTC(2026, 10, 21));
    const backup = {
      label: "20261121-000000F",
      type: "full",
      generation: 1,
      startedAt: at,
      finishedAt: at,
      firstSegment: "000000010000000000000002",
      lastSegment: "000000010000000000000002",
      consistentAt: "0/2000100",
      bytes: 1,
    } as const;
    const segments = [{ timeline: 1, position: 2, archivedAt: at }];
    const told = await metricsText([
      ...queueMetrics(
        {
          waitingSegments: 0,
          waitingBytes: 0,
          oldestSeconds: 0,
          archived: 0,
          failed: 0,
          lastArchivedAt: at,
        },
        1,
      ),
      ...repositoryMetrics(new Map([[1, { known: true, backups: [backup], segments }]])),
    ]);
    const names = new Set(told.match(METRIC));
    for (const { alert, expr } of archiveAlerts({ repositories: 1 })) {
      for (const name of expr.match(METRIC) ?? []) expect(names, alert).toContain(name);
    }
  });

  it("say of a repository that cannot be read that it cannot, and nothing else", async () => {
    const told = await metricsText(repositoryMetrics(new Map([[1, undefined]])));
    expect(told.match(/^trellis.*$/gm)).toEqual(['trellis_archive_repository_up{repository="1"} 0']);
  });
});
