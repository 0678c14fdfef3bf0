export type * from "./facts";
export type {
  BackupFacts,
  CheckFacts,
  RainFacts,
  RunFacts,
  ServiceFacts,
  StepFacts,
  StreamFacts,
} from "./facts";
export { reportPage } from "./page";
