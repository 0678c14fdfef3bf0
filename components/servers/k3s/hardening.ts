import { stringify } from "yaml";

/** The TLS 1.2 suites of K3s' hardening guide, all with forward secrecy. TLS 1.3 has suites of its own. */
export const TLS_CIPHER_SUITES = [
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
] as const;

/** The sysctls that the kubelet requires with `protect-kernel-defaults`; without that flag it would set them itself. */
export function kubeletSysctls(): string {
  return `vm.overcommit_memory = 1
vm.panic_on_oom = 0
kernel.panic = 10
kernel.panic_on_oops = 1
kernel.keys.root_maxkeys = 1000000
kernel.keys.root_maxbytes = 25000000
net.ipv4.ip_forward = 1
# Many pods watch many files: the defaults end at the hundredth.
fs.inotify.max_user_instances = 8192
fs.inotify.max_user_watches = 524288
`;
}

/**
 * The audit policy: it logs who did what, without request bodies, because they contain secrets. Only changes of RBAC
 * are logged with bodies. Routine requests of the cluster's own components, nine tenths of all, are not logged, except
 * reads of Secrets by nodes.
 */
export function auditPolicy(): string {
  const resources = (group: string, ...names: string[]) => [{ group, resources: names }];
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      {
        level: "None",
        nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*", "/api*"],
      },
      { level: "None", resources: resources("", "events") },
      { level: "None", resources: resources("events.k8s.io", "events") },
      {
        level: "None",
        verbs: ["get", "list", "watch"],
        users: [
          "system:apiserver",
          "system:kube-scheduler",
          "system:kube-controller-manager",
          "system:k3s-controller",
        ],
      },
      // A node may read the Secrets of its pods: with a stolen node's certificate, this shows what was taken.
      {
        level: "Metadata",
        verbs: ["get", "list", "watch"],
        userGroups: ["system:nodes"],
        resources: resources("", "secrets"),
      },
      { level: "None", verbs: ["get", "list", "watch"], userGroups: ["system:nodes"] },
      {
        level: "None",
        verbs: ["get", "update", "patch"],
        resources: resources("coordination.k8s.io", "leases"),
      },
      {
        level: "RequestResponse",
        verbs: ["create", "update", "patch", "delete"],
        resources: resources("rbac.authorization.k8s.io"),
      },
      {
        level: "Metadata",
        resources: resources(
          "",
          "pods/exec",
          "pods/attach",
          "pods/portforward",
          "pods/proxy",
          "services/proxy",
        ),
      },
      { level: "Metadata" },
    ],
  });
}

/**
 * The admission configuration. Pods must meet the restricted profile unless their namespace's labels select another.
 * kube-system is exempt, because K3s' own components there cannot meet it. Rate limits keep one namespace from
 * flooding the API with events.
 */
export function admission(): string {
  const profile = (mode: string) => ({ [mode]: "restricted", [`${mode}-version`]: "latest" });
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [
      {
        name: "PodSecurity",
        configuration: {
          apiVersion: "pod-security.admission.config.k8s.io/v1",
          kind: "PodSecurityConfiguration",
          defaults: { ...profile("enforce"), ...profile("audit"), ...profile("warn") },
          exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
        },
      },
      {
        name: "EventRateLimit",
        configuration: {
          apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
          kind: "Configuration",
          limits: [
            { type: "Server", qps: 500, burst: 1000 },
            { type: "Namespace", qps: 50, burst: 200, cacheSize: 256 },
          ],
        },
      },
    ],
  });
}
