import { airflow } from "./airflow";
import { airflowRuns } from "./airflow-runs";
import { gardenos } from "./gardenos";
import { rainApi } from "./rain-api";
import { rainCoverage } from "./rain-coverage";
import { rainFreshness } from "./rain-freshness";
import { streamsHeld } from "./streams-held";
import { streamsLag } from "./streams-lag";
import { streamsLog } from "./streams-log";

export const systems = [
  airflow,
  airflowRuns,
  streamsLag,
  streamsHeld,
  streamsLog,
  rainFreshness,
  rainCoverage,
  rainApi,
  gardenos,
];
