import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { bundleJobs } from "../../../../jobs/bundle";
import { layBusybox, packImage } from "../../kubernetes";
import { cacheDirectory, program } from "../../programs";

/** Debian's own Python, with which the environments of the tests are made. */
const PYTHON = ["/usr/bin/python3", "/usr/bin/python3.11", "/usr/lib/python3.11"];

/** As in the official image: the database is waited for, then a command of Airflow runs, or a shell for more than one. */
const ENTRYPOINT = `#!/bin/bash -e
tries=\${CONNECTION_CHECK_MAX_COUNT:-20}
[ "$tries" = 0 ] || airflow db check --retry "$tries" --retry-delay 3
case $1 in bash | python) exec "$@" ;; *) exec airflow "$@" ;; esac
`;

/**
 * A stand-in for Airflow's official image, which no registry gives here: Airflow's own packages in their pinned environment,
 * with the Python and the libraries of this machine, and the official image's user, home and entrypoint.
 */
export async function airflowImage(name: string, folder: string): Promise<string> {
  const environment = join(cacheDirectory, "venv-airflow");
  const root = join(folder, "airflow");
  layBusybox(root);
  const modules = ["/usr/lib/python3.11/lib-dynload", environment].flatMap((each) =>
    readdirSync(each, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".so"))
      .map((path) => join(each, path)),
  );
  const libraries = await librariesOf(["/usr/bin/python3.11", "/bin/bash", ...modules]);
  for (const path of ["/bin/bash", "/etc/ssl/certs/ca-certificates.crt", ...libraries]) lay(root, path);
  mkdirSync(join(root, "opt", "airflow"), { recursive: true });
  writeFileSync(
    join(root, "etc", "passwd"),
    "root:x:0:0::/:/bin/bash\ndefault:x:50000:0::/opt/airflow:/bin/bash\n",
  );
  writeFileSync(join(root, "entrypoint"), ENTRYPOINT);
  chmodSync(join(root, "entrypoint"), 0o755);
  return packImage(join(folder, "airflow.tar"), {
    names: [name],
    paths: [environment, ...PYTHON],
    root,
    config: {
      Entrypoint: ["/entrypoint"],
      Env: [
        `PATH=${join(environment, "bin")}:/usr/bin:/bin`,
        "HOME=/opt/airflow",
        "AIRFLOW_HOME=/opt/airflow",
        "LC_ALL=C.UTF-8",
      ],
      User: "50000:0",
      WorkingDir: "/opt/airflow",
    },
  });
}

/** The job image without its base: the bundle that it holds, and the Node of this machine. */
export async function jobsImage(name: string, folder: string): Promise<string> {
  const root = join(folder, "jobs");
  layBusybox(root);
  const node = process.execPath;
  for (const path of await librariesOf([node])) lay(root, path);
  mkdirSync(join(root, "usr", "local", "bin"), { recursive: true });
  copyFileSync(node, join(root, "usr", "local", "bin", "node"));
  await bundleJobs(join(root, "opt", "trellis", "jobs"));
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n");
  return packImage(join(folder, "jobs.tar"), {
    names: [name],
    root,
    config: {
      Entrypoint: ["node", "/opt/trellis/jobs/cli.mjs"],
      Env: ["PATH=/usr/local/bin:/bin", "NODE_ENV=production"],
      User: "1000:1000",
    },
  });
}

function lay(root: string, path: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  copyFileSync(path, join(root, path));
}

/** The libraries of this machine that programs and modules load. */
async function librariesOf(files: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program("ldd"), [...files], { maxBuffer: 2 ** 26 }).catch(
    (error: { stdout: string }) => error, // modules that are not loaded here may lack a library
  );
  // Those that modules bring along lie beside them.
  const paths = [...stdout.matchAll(/(?:=> |^\s+)(\/(?:usr\/)?lib(?:64)?\/\S+) \(0x/gm)].map(
    ([, path = ""]) => path,
  );
  return [...new Set(paths)];
}
