import * as pulumi from "@pulumi/pulumi";
import { type ArtefactSink, divertArtefacts } from "../../components/shared/artefacts";
import { decodeProperties, UNKNOWN } from "./wire";

/** A rendered text that a component recorded. */
export interface Artefact {
  /** The path in the plan's folder. */
  readonly path: string;
  readonly content: string;
  /** Whether it was made from a secret. */
  readonly secret: boolean;
  /** The URN of the resource that it belongs to. @default none */
  readonly resource?: string;
}

/** Collects what components record while a program runs. */
export class ArtefactCollector implements ArtefactSink {
  readonly #recorded = new Map<string, Promise<Artefact>>();
  readonly #restore = divertArtefacts(this);

  record(path: string, content: pulumi.Input<string>, resource: pulumi.Resource | undefined): void {
    if (!isInside(path))
      throw new Error(`the artefact path ${JSON.stringify(path)} must be relative and stay inside`);
    if (this.#recorded.has(path)) throw new Error(`the artefact ${path} is recorded twice`);
    const artefact = resolve(path, content, resource);
    artefact.catch(() => undefined); // the caller of `artefacts` gets the error
    this.#recorded.set(path, artefact);
  }

  async artefacts(): Promise<readonly Artefact[]> {
    const artefacts = await Promise.all(this.#recorded.values());
    return artefacts.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  close(): void {
    this.#restore();
  }
}

async function resolve(
  path: string,
  content: pulumi.Input<string>,
  resource: pulumi.Resource | undefined,
): Promise<Artefact> {
  const wire = await pulumi.runtime.serializeProperties(`artefact ${path}`, { content, urn: resource?.urn });
  const { properties, secrets } = decodeProperties(wire);
  return {
    path,
    content: String(properties.content ?? UNKNOWN),
    secret: secrets.includes("content"),
    ...(typeof properties.urn === "string" && { resource: properties.urn }),
  };
}

function isInside(path: string): boolean {
  return path.split("/").every((part) => /^[\w.@+-]+$/.test(part) && part !== "." && part !== "..");
}
