import { credentials } from "@grpc/grpc-js";
import callbackService, { type CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import callbacks, { type Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import resource, { type TransformRequest, type TransformResponse } from "@pulumi/pulumi/proto/resource_pb.js";

/** Calls the program's transforms, which the program serves on its own gRPC server. */
export class TransformCaller {
  readonly #clients = new Map<string, CallbacksClient>();

  async apply(transform: Callback, request: TransformRequest): Promise<TransformResponse> {
    const invocation = new callbacks.CallbackInvokeRequest();
    invocation.setToken(transform.getToken());
    invocation.setRequest(request.serializeBinary());
    const answer = await new Promise<Uint8Array>((resolve, reject) => {
      this.#clientOf(transform).invoke(invocation, (error, response) => {
        if (error) reject(new Error(`a transform failed: ${error.details}`));
        else resolve(response.getResponse_asU8());
      });
    });
    return resource.TransformResponse.deserializeBinary(answer);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #clientOf(transform: Callback): CallbacksClient {
    const target = transform.getTarget();
    const known = this.#clients.get(target);
    if (known) return known;
    const client = new callbackService.CallbacksClient(target, credentials.createInsecure());
    this.#clients.set(target, client);
    return client;
  }
}
