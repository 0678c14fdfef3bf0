export { type AirflowProcess, airflowProcesses, checkAirflow } from "./airflow";
export { checkEnvironment, checkHetzner, PODS_OF_A_NODE } from "./checks";
export { checkMinio, layoutAdvice, minioShape } from "./minio";
export {
  type DriveLayout,
  describeLayout,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  type NodeLoss,
  readQuorum,
  writeQuorum,
} from "./minio-layout";
export { checkPostgres, postgresShape } from "./postgres";
