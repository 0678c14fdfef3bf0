import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import platform from "../../index";
import {
  type Engine,
  type EngineOptions,
  givenAway,
  k3sApi,
  type ReleasedStack,
  recordedReleases,
  startEngine,
  writeReleasedStack,
} from "../rigs/engine";
import { createAuthority } from "../rigs/pki/certificates";
import { configurationOf } from "../rigs/platform/platform";
import { rawSettings, repository, withValue } from "../rigs/platform/stacks";
import { cacheDirectory } from "../rigs/programs";

/**
 * Deploys the stacks of this release with the stand-in providers and records their states, which `upgrade.test.ts` upgrades:
 *
 *   npx tsx test/engine/record-release.ts
 */
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));

if (recordedReleases().includes(version)) {
  throw new Error(
    `Release ${version} has a record in test/engine/releases, and a second one would hide what changed since. ` +
      "Raise version in package.json; or delete the record if this release was never published.",
  );
}
const stacks = [
  await deploy({ stack: "dev", ...configurationOf(rawSettings("dev")) }, k3sApi),
  await deploy({ stack: "prod", ...configurationOf(rawSettings("prod")) }, k3sApi),
  await deployOnExisting(),
];
for (const each of stacks) console.log(writeReleasedStack(version, each));

/** The program waits for the API; the stand-in provider does not connect to it, since no answer of it is in a state. */
async function deploy(
  options: EngineOptions,
  startApi: (engine: Engine) => { stop(): Promise<void> },
): Promise<ReleasedStack> {
  const engine = await startEngine(options);
  const api = startApi(engine);
  try {
    await engine.up(platform);
    const state = withoutSources(await engine.exportState());
    refuseUnfit(state, engine.secrets());
    return { ...options, state: JSON.parse(state) };
  } finally {
    await api.stop();
    engine.close();
  }
}

/** The prod stack on a cluster that others look after; of its API, the program only asks whether it is ready. */
async function deployOnExisting(): Promise<ReleasedStack> {
  const { cert, key } = createAuthority("existing").issue({
    ...{ commonName: "kubernetes", addresses: ["127.0.0.1"], usages: ["server"] },
  });
  const api = createServer({ cert, key }, (_, response) => response.end());
  await once(api.listen(0, "127.0.0.1"), "listening");
  const { port } = api.address() as AddressInfo; // it listens on a TCP port
  const target = { kind: "existing", nodes: ["192.0.2.0/24"] };
  const { config, secrets } = configurationOf(withValue(rawSettings("prod"), "target", target));
  const kubeconfig = kubeconfigFor(`https://127.0.0.1:${port}`);
  return await deploy(
    { stack: "existing", config, secrets: { ...secrets, "trellis:kubeconfig": kubeconfig } },
    () => ({ stop: async () => void api.close() }),
  );
}

/** With a token, so that the record holds no private key. */
function kubeconfigFor(server: string): string {
  const name = "existing";
  return stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": name },
    clusters: [{ name, cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name, user: { token: "token-that-is-secret" } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}

/** Without the lines of source that the engine notes for error messages: they are paths, and half of the size. */
function withoutSources(state: string): string {
  return JSON.stringify(JSON.parse(state), (key, value) =>
    key === "sourcePosition" || key === "stackTrace" ? undefined : value,
  );
}

/** A record is public and is read on other machines. */
function refuseUnfit(state: string, secrets: readonly string[]): void {
  const paths = [repository, cacheDirectory, join(tmpdir(), "trellis-")].filter((path) =>
    state.includes(path),
  );
  if (paths.length > 0) {
    throw new Error(
      `The exported state contains paths of this machine: ${paths.join(", ")}. Nothing was recorded.`,
    );
  }
  const clear = givenAway(secrets, state).length;
  if (clear > 0)
    throw new Error(`The exported state contains ${clear} secrets in clear text. Nothing was recorded.`);
}
