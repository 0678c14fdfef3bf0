import * as grpc from "@grpc/grpc-js";
import type { IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine, { type LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import type { IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Deployment } from "./deployment";

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

/** A method as the SDK's gRPC clients have it. */
type Answer<Request, Response> = (
  request: Request,
  callback: (error: grpc.ServiceError | null, response?: Response) => void,
) => void;

/** The methods of a client for all methods that a server has to have. */
type Answers<Server> = {
  readonly [Name in keyof Server as string extends Name
    ? never
    : Name]: Server[Name] extends grpc.handleUnaryCall<infer Request, infer Response>
    ? Answer<Request, Response>
    : never;
};

/** The engine's two services as objects with the methods of the SDK's gRPC clients. */
export interface Services {
  readonly monitor: Answers<IResourceMonitorServer>;
  readonly engine: Answers<IEngineServer>;
}

/**
 * Answers for a deployment like the engine: a resource monitor and an engine service. The SDK calls them in this process,
 * with the messages of the protocol but without a connection, whose encoding took a third of the time of a plan.
 */
export function servicesOf(deployment: Deployment, log: (request: LogRequest) => void): Services {
  return { monitor: resourceMonitor(deployment), engine: engineOf(log) };
}

function resourceMonitor(deployment: Deployment): Answers<IResourceMonitorServer> {
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

function engineOf(log: (request: LogRequest) => void): Answers<IEngineServer> {
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
): Answer<Request, Response> {
  return (request, callback) => {
    (async () => handle(request))().then(
      (response) => callback(null, response),
      (error: Error) => callback(failure(error.message)),
    );
  };
}

/** An error as a gRPC client would report it. */
function failure(details: string): grpc.ServiceError {
  const code = grpc.status.UNKNOWN;
  const error = new Error(`${code} UNKNOWN: ${details}`);
  return Object.assign(error, { code, details, metadata: new grpc.Metadata() });
}
