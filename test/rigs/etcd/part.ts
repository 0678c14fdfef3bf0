import type { EtcdArgs } from "../../../components/servers/etcd";

const pair = (name: string) => ({ cert: `certificate of ${name}\n`, key: `key of ${name}\n` });

/** Arguments of a member's part, with words in place of certificates: for tests that render and run nothing. */
export function etcdArgs(changes: Partial<EtcdArgs> = {}): EtcdArgs {
  return {
    cluster: "trellis",
    node: "ubuntu-8gb-hil-1",
    members: [
      { name: "ubuntu-8gb-hil-1", address: "10.0.5.10" },
      { name: "ubuntu-8gb-hil-2", address: "10.0.5.11" },
      { name: "ubuntu-8gb-hil-3", address: "10.0.5.12" },
    ],
    architecture: "amd64",
    replaced: false,
    roundTripMs: 1,
    quotaGib: 4,
    certificates: {
      authority: "certificate of the authority\n",
      server: pair("the server"),
      peer: pair("the peer"),
      root: pair("root"),
    },
    patroniPassword: "patroni0password",
    snapshots: {
      everyHours: 6,
      keepDays: 30,
      key: { publicKey: "ssh-ed25519 AAAA snapshots", privateKey: "private key of snapshots" },
      store: {
        endpoint: "https://fsn1.your-objectstorage.com",
        region: "fsn1",
        bucket: "snapshots",
        accessKey: "ACCESS",
        secretKey: 'sec"ret\\key',
      },
    },
    ...changes,
  };
}
