import { placeholder } from "../shared/placeholders";
import type { Answer, Registration, StandIn } from "./answer";
import { hexFor, numberFor, type World } from "./identities";
import { hcloudOutputs } from "./outputs-hcloud";
import { kubernetesOutputs } from "./outputs-kubernetes";
import { tlsOutputs } from "./outputs-tls";
import type { Value } from "./wire";

/** The simulated result of a resource, by type. For other types, the outputs are the inputs. */
export function answerFor(resource: Registration, world: World): Answer {
  const standIn = STAND_INS[resource.type];
  if (standIn) return standIn(resource, world);
  if (resource.type.startsWith("kubernetes:")) return kubernetesOutputs(resource);
  if (resource.type.startsWith("hcloud:")) return { id: world.id(resource.urn) };
  return { id: hexFor(resource.urn, 16) };
}

const STAND_INS: Readonly<Record<string, StandIn>> = {
  ...hcloudOutputs,
  ...tlsOutputs,

  "random:index/randomPassword:RandomPassword": ({ name }) => ({
    id: "none",
    outputs: { result: placeholder(`random:${name}`), bcryptHash: placeholder(`random:${name} as bcrypt`) },
    secrets: ["result", "bcryptHash"],
  }),
  "random:index/randomBytes:RandomBytes": ({ name }) => ({
    id: "none",
    outputs: {
      base64: placeholder(`random:${name} as base64`),
      hex: placeholder(`random:${name} as hex`),
    },
    secrets: ["base64", "hex"],
  }),
  "random:index/randomString:RandomString": ({ urn, inputs }) => {
    const result = hexFor(urn, wholeNumber(inputs.length, 16));
    return { id: result, outputs: { result } };
  },
  "random:index/randomId:RandomId": ({ urn, inputs }) => {
    const hex = hexFor(urn, 2 * wholeNumber(inputs.byteLength, 8));
    const bytes = Buffer.from(hex, "hex");
    const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
    const b64Url = bytes.toString("base64url");
    return {
      id: b64Url,
      outputs: {
        hex: prefix + hex,
        dec: `${prefix}${BigInt(`0x${hex}`)}`,
        b64Std: prefix + bytes.toString("base64"),
        b64Url: prefix + b64Url,
      },
    };
  },
  "random:index/randomInteger:RandomInteger": ({ urn, inputs }) => {
    const min = wholeNumber(inputs.min, 0);
    const result = min + numberFor(urn, wholeNumber(inputs.max, 100) - min + 1);
    return { id: String(result), outputs: { result } };
  },
  "random:index/randomPet:RandomPet": ({ name }) => ({ id: `${name}-pet` }),
  "random:index/randomShuffle:RandomShuffle": ({ inputs }) => ({
    id: "-",
    outputs: { results: inputs.inputs ?? [] },
  }),
  "random:index/randomUuid:RandomUuid": uuid,
  "random:index/randomUuid4:RandomUuid4": uuid,
  "random:index/randomUuid7:RandomUuid7": uuid,

  "docker-build:index:Image": ({ urn, inputs }) => {
    const digest = `sha256:${hexFor(urn, 64)}`;
    const [tag] = Array.isArray(inputs.tags) ? inputs.tags : [];
    return {
      id: digest,
      outputs: {
        digest,
        contextHash: hexFor(urn, 64),
        ref: typeof tag === "string" ? `${tag}@${digest}` : digest,
      },
    };
  },
};

function uuid({ urn }: Registration): Answer {
  const hex = hexFor(urn, 32);
  const result = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ];
  return { id: result.join("-"), outputs: { result: result.join("-") } };
}

function wholeNumber(value: Value | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
