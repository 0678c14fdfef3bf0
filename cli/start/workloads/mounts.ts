import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { contentOf, type Environment } from "./environment";
import type { Manifests } from "./manifests";
import type { Placed, Volume } from "./pod";

/** What is mounted at a path of a container. */
type Mount = { readonly path: string } & (
  | { readonly kind: "files"; readonly files: ReadonlyMap<string, string> }
  /** A persistent volume, identified by its claim. */
  | { readonly kind: "claim"; readonly claim: string; readonly namespace: string }
  | { readonly kind: "scratch" }
);

/** A container's mounts, from the pod's volumes with their ConfigMaps and Secrets. */
export function mountsOf(placed: Placed, manifests: Manifests): Mount[] {
  return placed.container.volumeMounts.flatMap(({ name, mountPath, subPath }): Mount[] => {
    const volume = placed.spec.volumes.find((each) => each.name === name);
    if (!volume) return [];
    if (volume.persistentVolumeClaim) {
      const { claimName } = volume.persistentVolumeClaim;
      return [{ path: mountPath, kind: "claim", claim: claimName, namespace: placed.namespace }];
    }
    if (volume.emptyDir) return [{ path: mountPath, kind: "scratch" }];
    const files = filesOf(volume, placed, manifests);
    const single = subPath === undefined ? undefined : files.get(subPath);
    if (single !== undefined) {
      return [
        {
          path: dirname(mountPath),
          kind: "files",
          files: new Map([[mountPath.split("/").at(-1) ?? "", single]]),
        },
      ];
    }
    return [{ path: mountPath, kind: "files", files }];
  });
}

function filesOf(volume: Volume, placed: Placed, manifests: Manifests): Map<string, string> {
  const { secret, configMap, projected } = volume;
  const sources = [
    ...(secret ? [{ secret: { ...secret, name: secret.secretName } }] : []),
    ...(configMap ? [{ configMap }] : []),
    ...(projected?.sources ?? []),
  ];
  const files = new Map<string, string>();
  for (const source of sources) {
    for (const [kind, reference] of [
      ["Secret", source.secret],
      ["ConfigMap", source.configMap],
    ] as const) {
      if (!reference) continue;
      const content = contentOf(manifests, kind, placed, reference);
      const named = reference.items ?? Object.keys(content).map((key) => ({ key, path: key }));
      for (const { key, path } of named) {
        const text = content[key];
        if (text !== undefined) files.set(path, text);
      }
    }
  }
  return files;
}

/** The folders on this machine for the mounts of a process. */
interface MountFolders {
  /** For this process only. */
  readonly own: string;
  /** For claims, shared by all processes. */
  readonly claims: string;
}

/** Writes the files and creates the folders. Returns the folder of each mount. */
export function materialize(
  mounts: readonly Mount[],
  folders: MountFolders,
  content: (text: string, file: string) => string,
): ReadonlyMap<string, string> {
  return new Map(
    mounts.map((mount) => {
      const place =
        mount.kind === "claim"
          ? join(folders.claims, `${mount.namespace}-${mount.claim}`)
          : join(folders.own, mount.path);
      mkdirSync(place, { recursive: true });
      if (mount.kind === "files") {
        for (const [file, text] of mount.files) {
          mkdirSync(dirname(join(place, file)), { recursive: true });
          writeFileSync(join(place, file), content(text, file), { mode: 0o600 });
        }
      }
      return [mount.path, place];
    }),
  );
}

/** Rewrites a path below a mount to the folder of that mount. */
export function moved(value: string, places: ReadonlyMap<string, string>): string {
  const [path, place] =
    [...places]
      .filter(([mount]) => value === mount || value.startsWith(`${mount}/`))
      .sort(([a], [b]) => b.length - a.length)[0] ?? [];
  return path === undefined || place === undefined ? value : place + value.slice(path.length);
}

export const movedValues = (environment: Environment, places: ReadonlyMap<string, string>): Environment =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, moved(value, places)]));
