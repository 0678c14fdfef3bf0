import * as grpc from "@grpc/grpc-js";
import type { EngineClient, IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine, { type LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import type { IResourceMonitorServer, ResourceMonitorClient } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
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

/** The answers of a service of gRPC to plain requests. */
type Service<Server> = {
  readonly [Method in keyof Server as string extends Method
    ? never
    : Method]: Server[Method] extends grpc.handleUnaryCall<infer Request, infer Response>
    ? (request: Request) => Response | Promise<Response>
    : never;
};

/** What the SDK calls in place of its gRPC clients. */
interface InProcessEngine {
  readonly monitor: ResourceMonitorClient;
  readonly engine: EngineClient;
  /** All later calls fail, as those to an engine that has ended. */
  close(): void;
}

/**
 * Answers the SDK like the engine, as a resource monitor and an engine service, in this process: gRPC over loopback took
 * a third of the processor time of a plan.
 */
export function serve(deployment: Deployment, log: (request: LogRequest) => void): InProcessEngine {
  const state = { closed: false };
  return {
    // Safe: the SDK calls only the methods of the services, each with a request and a callback.
    monitor: clientOf(resourceMonitor(deployment), state) as unknown as ResourceMonitorClient,
    engine: clientOf(engineOf(log), state) as unknown as EngineClient,
    close: () => {
      state.closed = true;
      deployment.close();
    },
  };
}

function resourceMonitor(deployment: Deployment): Service<IResourceMonitorServer> {
  return {
    supportsFeature: (request) => {
      const response = new resource.SupportsFeatureResponse();
      response.setHassupport(FEATURES.has(request.getId()));
      return response;
    },
    registerResource: async (request) => {
      const { urn, id, object } = await deployment.register(request);
      const response = new resource.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(object);
      return response;
    },
    readResource: (request) => {
      const { urn, object } = deployment.read(request);
      const response = new resource.ReadResourceResponse();
      response.setUrn(urn);
      response.setProperties(object);
      return response;
    },
    registerResourceOutputs: (request) => {
      deployment.registerOutputs(request.getUrn(), request.getOutputs());
      return new empty.Empty();
    },
    invoke: (request) => {
      const response = new provider.InvokeResponse();
      response.setReturn(deployment.invoke(request.getTok(), request.getArgs()));
      return response;
    },
    registerStackTransform: (transform) => {
      deployment.addStackTransform(transform);
      return new empty.Empty();
    },
    registerPackage: (request) => {
      const response = new resource.RegisterPackageResponse();
      response.setRef(`${request.getName()}@${request.getVersion()}`);
      return response;
    },
    // Hooks run during an update, so a plan never calls them.
    registerResourceHook: () => new empty.Empty(),
    registerErrorHook: () => new empty.Empty(),
    signalAndWaitForShutdown: () => new empty.Empty(),
    registerStackInvokeTransform: () => refuse("transforms of invokes"),
    call: (request) => refuse(`the method ${request.getTok()}`),
    getDeploymentInfo: () => refuse("deployment information"),
  };
}

function engineOf(log: (request: LogRequest) => void): Service<IEngineServer> {
  let root = "";
  return {
    log: (request) => {
      log(request);
      return new empty.Empty();
    },
    setRootResource: (request) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    },
    getRootResource: () => {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(root);
      return response;
    },
    requirePulumiVersion: () => new engine.RequirePulumiVersionResponse(),
    startDebugging: () => refuse("a debugger"),
  };
}

function refuse(what: string): never {
  throw new Error(`a plan does not support ${what}`);
}

type Handler = (request: never) => unknown;
type Callback = (error: grpc.ServiceError | null, response?: unknown) => void;

/** Clients as the SDK makes them: a method for each handler, and errors as those of gRPC. */
function clientOf(service: Readonly<Record<string, Handler>>, state: { readonly closed: boolean }) {
  const call = (handle: Handler) => (request: never, callback: Callback) => {
    const answer = async () => {
      if (state.closed) throw new Error("the evaluation has ended");
      return handle(request);
    };
    answer().then(
      (response) => callback(null, response),
      (error: Error) =>
        callback(statusOf(state.closed ? grpc.status.UNAVAILABLE : grpc.status.UNKNOWN, error)),
    );
  };
  return Object.fromEntries(Object.entries(service).map(([name, handle]) => [name, call(handle)]));
}

function statusOf(code: grpc.status, { message: details }: Error): grpc.ServiceError {
  const error = new Error(`${code} ${grpc.status[code]}: ${details}`);
  return Object.assign(error, { code, details, metadata: new grpc.Metadata() });
}
