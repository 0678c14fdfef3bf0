import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { MinIO, type MinIOArgs } from "../../../components/data/minio";
import { type DriveLayout, type OwnStoreSettings, parseSettings } from "../../../components/settings";
import { Cloud } from "../engine";
import { randomKind } from "../engine/stand-ins/random";
import { tlsKind } from "../engine/stand-ins/tls";
import { type Properties, plain } from "../engine/stand-ins/wire";
import { withMocks } from "../engine/with-mocks";
import { rawSettings, withValue } from "../platform/stacks";
import type { Rendered } from "../rendered-objects";

/** A container as Kubernetes would get it. */
export interface RenderedContainer {
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
}

/** What the component renders for a layout and settings, with real keys and certificates in its Secrets. */
export interface RenderedMinio {
  readonly server: RenderedContainer;
  readonly provision: RenderedContainer;
  /** What the Job's Secret and ConfigMap hold, by file. */
  readonly secretKeys: Readonly<Record<string, string>>;
  readonly specification: string;
  /** The key of the authority that signs the servers' certificates. */
  readonly authorityKey: string;
  /** By name of the Secret. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type MinioSettings = Partial<Pick<MinIOArgs, "buckets" | "applications">>;

/** As a stack file would have them. */
export function minioSettings(minio: object): OwnStoreSettings {
  const { minio: parsed } = parseSettings(withValue(rawSettings("prod"), "minio", minio));
  if (parsed.kind === "external") throw new Error("these settings are of another store");
  return parsed;
}

export async function renderMinio(layout: DriveLayout, settings: MinioSettings = {}): Promise<RenderedMinio> {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-rendered-minio-"));
  let authorityKey = "";
  const objects: { readonly type: string; readonly inputs: Properties }[] = [];
  try {
    const cloud = new Cloud(scratch, "tls");
    const newResource: pulumi.runtime.Mocks["newResource"] = async ({ type, name, inputs }) => {
      const given = plain(inputs) as Properties; // without its marks of secrets a record is still a record
      objects.push({ type, inputs: given });
      const kind = tlsKind(type) ?? randomKind(type);
      const outputs = await kind?.outputs?.({ type, inputs: given, number: 1, cloud });
      if (type.endsWith(":PrivateKey") && name.endsWith("-authority"))
        authorityKey = String(outputs?.privateKeyPem);
      return { id: name, state: { ...given, ...outputs } };
    };
    await withMocks(newResource, async () => {
      // Pulumi's mocks know no hooks, which no resource here runs.
      Object.assign(pulumi.runtime.getMonitor() ?? {}, {
        registerResourceHook: (_: unknown, done: (error: null, answer: object) => void) => done(null, {}),
      });
      const minio = new MinIO("minio", {
        ...minioSettings({}),
        ...settings,
        namespace: "storage",
        cluster: "trellis",
        layout,
        memoryMib: 1024,
        strictSpread: true,
        jobsImage: "registry.example/jobs@sha256:02",
        certificateEpoch: 1,
        consoleHost: "minio-console.example.com",
        monitoring: true,
      });
      await new Promise((made) => minio.made.urn.apply(made));
      await pulumi.runtime.disconnect();
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  const of = (kind: string): Rendered[] =>
    objects.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs);
  const containerOf = (object: Rendered): RenderedContainer => object.spec.template.spec.containers[0];
  const secrets = Object.fromEntries(
    of("Secret").map(({ metadata, stringData }) => [metadata.name, stringData]),
  );
  const job = of("Job").find(({ metadata }) => metadata.name.startsWith("minio-provision-"));
  return {
    server: containerOf(of("StatefulSet")[0]),
    provision: containerOf(job),
    secretKeys: secrets[job.metadata.name],
    specification: of("ConfigMap").find(({ data }) => "specification.json" in data).data[
      "specification.json"
    ],
    secrets,
    authorityKey,
  };
}
