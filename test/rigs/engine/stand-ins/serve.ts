import providerProtocol from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { main, type Provider } from "@pulumi/pulumi/provider";
import { Cloud } from "./cloud";
import { dockerBuildKind } from "./docker-build";
import { hcloudFunctions, hcloudKind } from "./hcloud";
import { kubernetesKind } from "./kubernetes";
import { randomKind } from "./random";
import { standIn } from "./stand-in";
import { tlsKind } from "./tls";
import { plainProperties } from "./wire";

/**
 * What an executable `pulumi-resource-<name>` runs: `serve <name> <version> <cloud's directory> <the engine's arguments>`.
 * It stands in for the real provider of that name, in the version that the SDK asks for.
 */
const [name = "", version = "", directory = "", ...engineArguments] = process.argv.slice(2);
const cloud = new Cloud(directory, name);

const providers: Readonly<Record<string, () => Provider>> = {
  hcloud: () => standIn(version, cloud, hcloudKind, hcloudFunctions),
  kubernetes: () => standIn(version, cloud, kubernetesKind),
  random: () => standIn(version, cloud, randomKind),
  tls: () => standIn(version, cloud, tlsKind),
  "docker-build": () => standIn(version, cloud, dockerBuildKind),
};

// `main` keeps to itself how the program has set the provider, so it is read where it arrives.
const { configure } = providerProtocol.ResourceProviderService;
const read = configure.requestDeserialize;
configure.requestDeserialize = (bytes) => {
  const request = read(bytes);
  cloud.configuration = new Map(Object.entries(plainProperties(request.getArgs()?.toJavaScript() ?? {})));
  return request;
};

const provider = providers[name];
if (!provider) throw new Error(`there is no stand-in for ${name}`);
await main(provider(), engineArguments);
