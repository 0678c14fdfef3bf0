import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { renderKubeconfig } from "../../../components/shared/kubernetes-api";
import { createAuthority } from "../pki/certificates";

export interface AnsweringApi {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/**
 * What the program needs of an API before it hands objects to the provider: an answer that it is ready. The objects are
 * then held by the Kubernetes stand-in alone.
 */
export async function answeringApi(): Promise<AnsweringApi> {
  const authority = createAuthority("answering-api");
  const serving = authority.issue({
    commonName: "api",
    addresses: ["127.0.0.1"],
    usages: ["server"],
  });
  const administrator = authority.issue({ commonName: "administrator", usages: ["client"] });
  const server = createServer(serving, (_, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens at an address and not at a socket file
  return {
    kubeconfig: renderKubeconfig({
      cluster: "answering",
      server: `https://127.0.0.1:${port}`,
      authority: authority.cert,
      client: administrator,
    }),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
