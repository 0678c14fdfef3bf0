import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Pki } from "../../../components/servers/certificates/pki";
import { JoinSecrets } from "../../../components/servers/k3s/join-secrets";
import { Cloud } from "../engine";
import { randomKind } from "../engine/stand-ins/random";
import { tlsKind } from "../engine/stand-ins/tls";
import { type Properties, plain } from "../engine/stand-ins/wire";
import { withMocks } from "../engine/with-mocks";

/** What the PKI and the join secrets of a cluster come to, with real keys and certificates in them. */
export async function issuePki(hosts: readonly { readonly name: string; readonly address: string }[]) {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-pki-"));
  try {
    const cloud = new Cloud(scratch, "tls");
    const newResource: pulumi.runtime.Mocks["newResource"] = async ({ type, name, inputs }) => {
      const kind = tlsKind(type) ?? randomKind(type);
      const given = plain(inputs) as Properties; // without its marks of secrets a record is still a record
      const outputs = await kind?.outputs?.({ type, inputs: given, number: 1, cloud });
      return { id: name, state: { ...given, ...outputs } };
    };
    return await withMocks(newResource, async () => {
      const pki = new Pki("pki", {
        cluster: "trellis",
        etcdHosts: hosts,
        postgres: { names: ["postgres-primary"], addresses: hosts.map(({ address }) => address) },
        epoch: 1,
      });
      const join = new JoinSecrets("join");
      return resolved(
        pulumi.output({
          k3s: pki.k3s,
          apiAuthority: pki.apiAuthority,
          apiHealth: pki.apiHealth,
          administrator: pki.administrator,
          people: pki.people,
          etcdAuthority: pki.etcdAuthority,
          etcdMembers: pki.etcdMembers,
          etcdUsers: pki.etcdUsers,
          patroni: pki.patroni,
          postgresAuthority: pki.postgres.authority,
          postgres: pki.postgres.server,
          secrets: join.secrets,
        }),
      );
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

export type IssuedPki = Awaited<ReturnType<typeof issuePki>>;

function resolved<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => void pulumi.output(output).apply((value) => resolve(value)));
}
