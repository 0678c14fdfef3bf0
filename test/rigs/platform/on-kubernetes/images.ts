import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { airflowImage } from "../../airflow/on-kubernetes";
import { type Cluster, packImage } from "../../kubernetes";
import { type ImageName, imageArchive } from "../../kubernetes/image";
import { program } from "../../programs";

/** Images of others: by the end of their names, how they are made of what this machine has. */
const OTHERS: Readonly<Record<string, (name: string, folder: string) => Promise<string>>> = {
  "/airflow": airflowImage,
  "/etcd": (name, folder) =>
    programsImage(name, folder, { folder: "usr/local/bin", programs: ["etcd", "etcdctl", "etcdutl"] }),
  "/silo": (name, folder) =>
    programsImage(name, folder, { folder: "usr/bin", programs: ["minio"], entrypoint: ["/usr/bin/minio"] }),
};

/** Lays others' images on the node, under the names by which pods ask for them. */
export async function layOthersImages(cluster: Cluster, names: readonly string[]): Promise<void> {
  const folder = cluster.folder("images-of-others");
  for (const name of names) {
    const [ending] = Object.keys(OTHERS).filter((each) =>
      name.replace(/(:[^/]*)?(@.*)?$/, "").endsWith(each),
    );
    const make = ending && OTHERS[ending];
    if (!make) throw new Error(`nothing on this machine makes an image ${name}`);
    await cluster.load(await make(wholeName(name), folder));
  }
}

/** Lays one of the platform's own images on the node, really built, and answers the digest by which it is known there. */
export async function layOwnImage(cluster: Cluster, repository: string, image: ImageName): Promise<string> {
  const names = await cluster.load(await imageArchive(image), repository);
  const digest = names.find((name) => name.includes("@"))?.split("@")[1];
  if (!digest) throw new Error(`the node knows the image ${image} by no digest, only as ${names.join(", ")}`);
  return digest;
}

/** What a name without a registry means. */
const wholeName = (name: string) => (/^[^/]+\.[^/]+\//.test(name) ? name : `docker.io/${name}`);

interface Programs {
  /** Where they lie in the image. */
  readonly folder: string;
  readonly programs: readonly string[];
  readonly entrypoint?: readonly string[];
}

/** An image of programs that need nothing beside them; no shell either, where its original has none. */
async function programsImage(name: string, folder: string, args: Programs): Promise<string> {
  const [first = ""] = args.programs;
  const root = join(folder, first);
  for (const path of [args.folder, "tmp", "etc"]) mkdirSync(join(root, path), { recursive: true });
  for (const each of args.programs) copyFileSync(program(each), join(root, args.folder, each));
  return packImage(join(folder, `${first}.tar`), {
    names: [name],
    root,
    config: {
      ...(args.entrypoint && { Entrypoint: args.entrypoint }),
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    },
  });
}
