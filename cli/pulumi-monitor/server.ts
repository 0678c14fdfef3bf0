import * as grpc from "@grpc/grpc-js";
import engineService, { type IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine, { type LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import monitorService, { type IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Deployment } from "./deployment";

const NO_LIMIT = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** The features that the SDK may use. The server answers no to all other feature queries. */
const FEATURES: ReadonlySet<string> = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "deletedWith",
  "replaceWith",
  "aliasSpecs",
  "transforms",
  "parameterization",
  "resourceHooks",
  "errorHooks",
]);

interface MonitorServer {
  readonly address: string;
  close(): void;
}

/** Serves a deployment on loopback like the engine: a resource monitor and an engine service. */
export async function serve(
  deployment: Deployment,
  log: (request: LogRequest) => void,
): Promise<MonitorServer> {
  const server = new grpc.Server(NO_LIMIT);
  server.addService(monitorService.ResourceMonitorService, resourceMonitor(deployment));
  server.addService(engineService.EngineService, engineOf(log));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    close: () => {
      deployment.close();
      server.forceShutdown();
    },
  };
}

function resourceMonitor(deployment: Deployment): IResourceMonitorServer {
  return {
    supportsFeature: unary((request) => {
      const response = new resource.SupportsFeatureResponse();
      response.setHassupport(FEATURES.has(request.getId()));
      return response;
    }),
    registerResource: unary(async (request) => {
      const { urn, id, object } = await deployment.register(request);
      const response = new resource.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(object);
      return response;
    }),
    readResource: unary((request) => {
      const { urn, object } = deployment.read(request);
      const response = new resource.ReadResourceResponse();
      response.setUrn(urn);
      response.setProperties(object);
      return response;
    }),
    registerResourceOutputs: unary((request) => {
      deployment.registerOutputs(request.getUrn(), request.getOutputs());
      return new empty.Empty();
    }),
    invoke: unary((request) => {
      const response = new provider.InvokeResponse();
      response.setReturn(deployment.invoke(request.getTok(), request.getArgs()));
      return response;
    }),
    registerStackTransform: unary((transform) => {
      deployment.addStackTransform(transform);
      return new empty.Empty();
    }),
    registerPackage: unary((request) => {
      const response = new resource.RegisterPackageResponse();
      response.setRef(`${request.getName()}@${request.getVersion()}`);
      return response;
    }),
    // Hooks run during an update, so a plan never calls them.
    registerResourceHook: unary(() => new empty.Empty()),
    registerErrorHook: unary(() => new empty.Empty()),
    signalAndWaitForShutdown: unary(() => new empty.Empty()),
    registerStackInvokeTransform: unary(() => refuse("transforms of invokes")),
    call: unary((request) => refuse(`the method ${request.getTok()}`)),
    getDeploymentInfo: unary(() => refuse("deployment information")),
  };
}

function engineOf(log: (request: LogRequest) => void): IEngineServer {
  let root = "";
  return {
    log: unary((request) => {
      log(request);
      return new empty.Empty();
    }),
    setRootResource: unary((request) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    }),
    getRootResource: unary(() => {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(root);
      return response;
    }),
    requirePulumiVersion: unary(() => new engine.RequirePulumiVersionResponse()),
    startDebugging: unary(() => refuse("a debugger")),
  };
}

function refuse(what: string): never {
  throw new Error(`a plan does not support ${what}`);
}

function unary<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    (async () => handle(call.request))().then(
      (response) => callback(null, response),
      (error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }),
    );
  };
}
