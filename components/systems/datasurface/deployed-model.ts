import {
  CONFIG_MAP_BYTES,
  loadModel,
  MODEL_FILES,
  type Model,
  readModelFile,
} from "../../../jobs/datasurface";
import type { DataSurfaceSettings } from "../../settings";
import { UserError } from "../../shared/user-error";
import { MODEL_FOLDER } from "./job-pod";

/** Where the jobs read the model. Changes in a repository need no deployment; files are part of the deployment. */
export type ModelOrigin =
  | { readonly repository: { readonly url: string; readonly branch: string } }
  | { readonly files: Readonly<Record<string, string>> };

/** Where the jobs find the model, as variables of their pods. */
export const modelEnvironment = (origin: ModelOrigin): Record<string, string> =>
  "files" in origin
    ? { MODEL_DIR: MODEL_FOLDER }
    : { MODEL_REPOSITORY: origin.repository.url, MODEL_BRANCH: origin.repository.branch };

/** Loads the model of the settings, with the selected platforms, and determines where the jobs read it. */
export function deployedModel({ model: folder, platforms, repository }: DataSurfaceSettings): {
  readonly model: Model;
  readonly origin: ModelOrigin;
} {
  const model = judged(folder);
  const offered = model.ecosystem.platforms;
  const unknown = platforms?.filter((name) => offered.every((each) => each.name !== name)) ?? [];
  if (unknown.length > 0) {
    throw new UserError(
      `datasurface.platforms: the model has no ${unknown.join(", ")}; allowed: ${offered.map(({ name }) => name).join(", ")}`,
    );
  }
  const wanted = offered.filter(({ name }) => platforms?.includes(name) ?? true);
  return {
    model: { ...model, ecosystem: { ...model.ecosystem, platforms: wanted } },
    origin: repository ? { repository } : { files: filesOf(folder) },
  };
}

function judged(folder: string): Model {
  try {
    return loadModel(folder);
  } catch (error) {
    throw new UserError(`datasurface.model: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function filesOf(folder: string): Record<string, string> {
  const files = Object.fromEntries(
    MODEL_FILES.flatMap((name) => {
      const text = readModelFile(folder, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const bytes = Buffer.byteLength(JSON.stringify(files));
  if (bytes > CONFIG_MAP_BYTES) {
    throw new UserError(
      `datasurface.model: ${folder} has ${bytes} bytes; a ConfigMap holds at most ${CONFIG_MAP_BYTES}. Set datasurface.repository, from which the jobs read the model`,
    );
  }
  return files;
}
