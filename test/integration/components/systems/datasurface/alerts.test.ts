import { expect, it } from "vitest";
import { dataSurfaceAlerts } from "../../../../../components/systems/datasurface/alerts";
import { judgeAlerts } from "../../../../rigs/alerting/promtool";
import { describeWith } from "../../../../rigs/programs";

const HOUR = 60;
const batches = (dag: string) => `airflow_dag_run_seconds_count{dag_id="${dag}",outcome="success"}`;
const LIVE = batches("yellow_live__orders_ingestion");
const DAILY = batches("yellow_forensic__orders_ingestion");

describeWith(["promtool"], "the alert on a stream that stalls", () => {
  it("is quiet while batches end, each minute or each day", () => {
    const daily = Array.from({ length: 3 }, (_, day) => `${day}x${24 * HOUR - 1}`).join(" ");
    judgeAlerts(dataSurfaceAlerts(), [
      { series: { [LIVE]: "1+1x4320", [DAILY]: daily }, minute: 70 * HOUR, firing: [] },
    ]);
  });

  it("fires for the stream that has ended no batch for 26 hours, and ends with the next one", () => {
    const stalled = { [LIVE]: "1+1x120 121x2000 122x2000", [DAILY]: "1+1x4200" };
    judgeAlerts(dataSurfaceAlerts(), [
      { series: stalled, minute: 120 + 27 * HOUR, firing: ["DataSurfaceStreamStalls"] },
      { series: stalled, minute: 2200, firing: [] },
    ]);
  });

  it("would not be judged well by a wrong expectation", () => {
    const series = { [LIVE]: "1+1x120 121x4000" };
    const wrong = [{ series, minute: 120 + 27 * HOUR, firing: [] }];
    expect(() => judgeAlerts(dataSurfaceAlerts(), wrong)).toThrow(/DataSurfaceStreamStalls/);
  });
});
