import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

interface K3sApiArguments {
  /** Below it lies what a server's user data lays on its disk. */
  readonly root: string;
  readonly address: string;
  readonly port: number;
  /** The URL of its etcd. */
  readonly etcd: string;
  /** The files of its certificate and of its key. */
  readonly serving: { readonly cert: string; readonly key: string };
}

/** The words of a kube-apiserver that K3s starts: those that it adds by itself, and those of our configuration. */
export function k3sApiArguments({ root, address, port, etcd, serving }: K3sApiArguments): string[] {
  const state = join(root, "var/lib/rancher/k3s/server");
  const { "kube-apiserver-arg": rendered }: { "kube-apiserver-arg": string[] } = parse(
    readFileSync(join(root, "etc/rancher/k3s/config.yaml"), "utf8"),
  );
  return [
    // K3s' own pkg/daemons/control/server.go, as far as it matters here.
    ...[`--etcd-servers=${etcd}`, `--bind-address=${address}`, `--secure-port=${port}`],
    ...[`--advertise-address=${address}`, "--authorization-mode=Node,RBAC", "--anonymous-auth=false"],
    ...["--allow-privileged=true", "--service-cluster-ip-range=10.43.0.0/16"],
    `--client-ca-file=${state}/tls/client-ca.crt`,
    `--requestheader-client-ca-file=${state}/tls/request-header-ca.crt`,
    ...[`--tls-cert-file=${serving.cert}`, `--tls-private-key-file=${serving.key}`],
    ...["key", "signing-key"].map((flag) => `--service-account-${flag}-file=${state}/tls/service.key`),
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--encryption-provider-config=${state}/cred/encryption-config.json`,
    ...rendered.map((argument) => `--${argument.replace(/=(\/(etc|var)\/)/, `=${root}$1`)}`),
  ];
}
