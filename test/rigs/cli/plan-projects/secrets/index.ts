import { gzipSync } from "node:zlib";
import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../../../../components/shared/artefacts";
import { KNOWN } from "./known";

const base64 = (text: string) => Buffer.from(text).toString("base64");

class Keeper extends pulumi.ComponentResource {
  constructor(name: string, secrets: Record<string, pulumi.Input<unknown>>) {
    super("secrets:index:Keeper", name, secrets);
    this.registerOutputs(secrets);
  }
}

const config = new pulumi.Config();
const word = pulumi.secret(KNOWN.word);
const phrase = pulumi.secret(pulumi.output(KNOWN.phrase));
const number = pulumi.secret(KNOWN.number);
const lines = pulumi.secret(Promise.resolve(KNOWN.lines));
const record = pulumi.secret({ user: "admin", password: KNOWN.word, ports: [KNOWN.number] });
const generated = new random.RandomPassword("generated", { length: 20 }).result;

// Alone, inside a text, beside a secret of another kind, derived, encoded, compressed, hashed in part.
const inside = pulumi.interpolate`user:${word}@host`;
const beside = pulumi.interpolate`${generated} and ${word} and ${phrase}`;
const url = pulumi
  .all([word, phrase])
  .apply(([w, p]) => `https://${encodeURIComponent(w)}:${encodeURIComponent(p)}@x`);
const encoded = word.apply(base64);
const kubeconfig = pulumi
  .all([lines, generated])
  .apply(
    ([key, password]) => `users:\n- user:\n    client-key-data: ${base64(key)}\n    password: ${password}\n`,
  );
const compressed = pulumi
  .all([word, generated])
  .apply(([w, g]) => `${base64(`${w} ${g}`)} ${gzipSync(w).toString("base64")}`);
const json = record.apply((all) => JSON.stringify(all));

new Keeper("component", { word, nested: { list: [phrase, { deep: lines }] } });
new k8s.core.v1.Secret("secret", {
  metadata: { name: "known", namespace: "default" },
  stringData: { word, phrase, number: number.apply(String), plain: "kept-as-a-secret-too", beside },
  data: { word: encoded, lines: lines.apply(base64) },
});
new k8s.core.v1.ConfigMap("config-map", {
  metadata: { name: "known", namespace: "default", annotations: { "example.com/word": word } },
  data: { inside, beside, url, kubeconfig, compressed, json, "key.pem": lines },
});
new k8s.apiextensions.CustomResource("custom", {
  apiVersion: "example.com/v1",
  kind: "Holder",
  metadata: { name: "known" },
  spec: { list: [{ number }, [word]], record },
});
const server = new hcloud.Server("server", {
  name: "server-1",
  serverType: "cx23",
  image: "debian-13",
  location: "fsn1",
  userData: pulumi.interpolate`#cloud-config\npassword: ${word}\ntoken: ${config.requireSecret("token")}\n${lines}`,
  labels: { word },
});
new hcloud.SshKey("echo", { name: word, publicKey: "ssh-ed25519 AAAA" });
new hcloud.Provider("explicit", { token: KNOWN.word });

recordArtefact(server, "servers/server-1/alone", word);
recordArtefact(server, "servers/server-1/beside", beside);
recordArtefact(server, "servers/server-1/kubeconfig", kubeconfig);
recordArtefact(server, "servers/server-1/compressed", compressed);
recordArtefact(undefined, "notes", json);

export const outputs = { word, nested: [{ number, lines }], url };
export const token = pulumi.interpolate`Bearer ${config.requireSecret("token")}`;
export const database = config.requireSecretObject("database");
