import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../programs";

/** Patroni from the Python environment in the cache, which lies below a home that the user `postgres` may not enter. */
export function copyPackages(target: string): void {
  const library = join(cacheDirectory, "venv-patroni", "lib");
  const [python] = readdirSync(library);
  const packages = join(library, python ?? "", "site-packages");
  if (!existsSync(join(packages, "patroni"))) throw new Error(`there is no Patroni in ${packages}`);
  cpSync(packages, target, {
    recursive: true,
    filter: (path) => !/\/(pip|setuptools|__pycache__)$/.test(path),
  });
}
