import type { Evaluation, PlannedResource } from "../pulumi-monitor";
import { kubernetesObject, pathOf, toYaml } from "../shared/kubernetes-objects";
import { maskProperties, maskText } from "./masking";

/** The contents of a plan's files, by path. */
export type Files = ReadonlyMap<string, string>;

const SERVER = "hcloud:index/server:Server";

/** Renders an evaluation as files. The same evaluation always gives the same files. */
export function filesOf(evaluation: Evaluation): Files {
  const files = new Map<string, string>();
  for (const { path, content, secret } of evaluation.artefacts)
    files.set(path, secret ? maskText(content) : content);

  const resources = [...evaluation.resources].sort((a, b) => (a.urn < b.urn ? -1 : 1));
  const records = resources.map((resource) => {
    const inputs = maskProperties(resource.inputs, resource.secretInputs);
    const object = kubernetesObject(resource, inputs);
    if (object) {
      const file = free(files, pathOf(object), ".yaml");
      files.set(file, toYaml(object));
      return { ...recordOf(resource), file };
    }
    if (resource.type === SERVER && typeof inputs.userData === "string") {
      const file = `servers/${inputs.name ?? resource.name}/user-data`;
      files.set(file, inputs.userData);
      return { ...recordOf(resource), inputs: { ...inputs, userData: `see ${file}` } };
    }
    return { ...recordOf(resource), inputs };
  });

  files.set("resources.json", json(records));
  files.set("outputs.json", json(maskProperties(evaluation.outputs, evaluation.secretOutputs)));
  return files;
}

/** The fields of a resource that the engine would store besides its properties. */
function recordOf(resource: PlannedResource) {
  const { urn, type, name, kind, id, parent, provider, dependencies, propertyDependencies, options } =
    resource;
  const { secretInputs, secretOutputs } = resource;
  return {
    urn,
    type,
    name,
    kind,
    id,
    parent,
    provider,
    dependencies: [...dependencies].sort(),
    propertyDependencies,
    options,
    secretInputs,
    secretOutputs,
  };
}

/** Objects of different API groups may share kind and name: appends a number to the second path. */
function free(files: Files, path: string, ending: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path + ending : `${path}-${number}${ending}`;
    if (!files.has(candidate)) return candidate;
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
