import type * as k8s from "@pulumi/kubernetes";
import { parseCommandLine, prepare } from "../../../jobs/shared";
import { UserError } from "../../shared/user-error";
import { IMPORT_KINDS, type ImportPodArgs, importJob, importLabels, kindOf } from "./import-jobs";

const VERBS = ["import-year", "import-years", "import-fopr"];

/** A Job that runs a command once; Kubernetes completes its generated name. */
export function importRequest(
  words: readonly string[],
  namespace: string,
  args: ImportPodArgs,
): k8s.types.input.batch.v1.Job {
  const kind = kindOf(words);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { generateName: `${IMPORT_KINDS[kind].jobType}-`, namespace, labels: importLabels(kind) },
    spec: importJob(kind, words, args),
  };
}

/** Parses the command as the pod would, so that a mistyped year fails here and not in the pod. */
export async function checkWords(words: readonly string[]): Promise<void> {
  const [verb = ""] = words;
  if (!VERBS.includes(verb))
    throw new UserError(`\`${verb}\` is not an import; allowed: ${VERBS.join(", ")}`);
  if (words.includes("--file"))
    throw new UserError("--file: a pod cannot read a file of this machine; leave the flag out");
  const load = async () => (await import("../../../jobs/rain")).rain;
  const environment = { RAIN_DATABASE_URL: "postgres://pod:secret@database/rain" }; // placeholder; the pod has its own
  prepare(await parseCommandLine(["rain", ...words], [{ name: "rain", summary: "", load }], environment));
}
