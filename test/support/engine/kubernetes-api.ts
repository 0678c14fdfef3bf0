import { createServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { authorityOf, type KeyPair } from "../certificates";
import type { Engine } from "./engine";
import { plain } from "./wire";

export interface KubernetesApiArgs {
  /** The names of the resources that are the authorities of the API's server and of its clients. */
  readonly authorities: { readonly server: string; readonly client: string };
  /** Where it answers; undefined until Hetzner has given the address. */
  readonly address: () => string | undefined;
}

export interface KubernetesApi {
  /** Who asked, by the subjects of their certificates. */
  readonly clients: ReadonlySet<string>;
  stop(): Promise<void>;
}

const PORT = 6443;
const LOOK_EVERY_MS = 100;

/**
 * As much of an API server as says that it is ready, once the program has made its authorities and its address: it
 * shows a certificate of the one authority, as K3s does, and lets nobody in without one of the other.
 */
export function standInKubernetesApi(
  engine: Engine,
  { authorities, address }: KubernetesApiArgs,
): KubernetesApi {
  const clients = new Set<string>();
  let server: Server | undefined;
  const look = setInterval(() => {
    const host = address();
    const [issuer, clientAuthority] = [authorities.server, authorities.client].map((name) =>
      madeAuthority(engine, name),
    );
    if (!host || !issuer || !clientAuthority) return;
    clearInterval(look);
    const own = authorityOf(issuer).issue({
      commonName: "kube-apiserver",
      addresses: [host],
      usages: ["server"],
    });
    server = createServer({ ...own, ca: clientAuthority.cert, requestCert: true, rejectUnauthorized: true });
    server.on("request", ({ socket }, response) => {
      // A server with requestCert speaks TLS on every connection.
      const { O, CN } = (socket as TLSSocket).getPeerCertificate().subject;
      clients.add(`${O}/${CN}`);
      response.end("ok");
    });
    server.listen(PORT, host);
  }, LOOK_EVERY_MS);

  return {
    clients,
    async stop() {
      clearInterval(look);
      server?.closeAllConnections();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
  };
}

/** An authority out of the PKI, by the name of its resources. */
function madeAuthority(engine: Engine, name: string): KeyPair | undefined {
  const made = engine
    .cloud("tls")
    .all()
    .filter((each) => each.name === name);
  const output = (key: string) =>
    made.map(({ outputs }) => plain(outputs[key])).find((value) => value !== undefined);
  const [cert, key] = [output("certPem"), output("privateKeyPemPkcs8")];
  return cert && key ? { cert: String(cert), key: String(key) } : undefined;
}
