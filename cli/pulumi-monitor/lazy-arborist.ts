/**
 * Import this before anything that imports `@pulumi/pulumi`. To serialize functions, the SDK imports `@npmcli/arborist`, npm's
 * resolver of dependencies, which takes two thirds of the time of the SDK's own import. A plan serializes no function, so the
 * resolver is loaded at its first use.
 */
import { createRequire, Module } from "node:module";

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const path = sdk.resolve("@npmcli/arborist");

if (!sdk.cache[path]) {
  const stub = new Module(path);
  stub.loaded = true;
  stub.exports = {
    __esModule: true, // so that an `import *` takes this object and reads no property of it yet
    get Arborist(): unknown {
      if (sdk.cache[path] === stub) delete sdk.cache[path];
      return sdk(path).Arborist;
    },
  };
  sdk.cache[path] = stub;
}
