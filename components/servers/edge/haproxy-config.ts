import { NODE_PORTS, SERVER_PORTS } from "../../shared/address-plan";
import type { KeyPair } from "../../shared/pki";
import { checkIntervalMs, FAR_PATH, LEADER_SILENCE_MS, NEAR_PATH, SETTLING_SECONDS } from "./health-checks";
import { INGRESS } from "./ports";

/** A server of the cluster and the address at which the others reach it. */
export interface EdgeServer {
  /** The server's name, as HAProxy's statistics and logs show it. */
  readonly name: string;
  /** IPv4: private in a private network, public in a mesh. */
  readonly address: string;
}

export interface HaproxyArgs {
  /** The server that this HAProxy runs on. Its memory sets the limit of connections: 1024 for each GB. */
  readonly server: EdgeServer & { readonly memoryGb: number };

  /** All servers, including this one. Each has the cluster's NodePorts. */
  readonly servers: readonly EdgeServer[];

  /** The servers that run the Kubernetes API. */
  readonly apiServers: readonly EdgeServer[];

  /**
   * The client certificate and key with which HAProxy asks the API whether it is ready. It needs no rights: every
   * authenticated user may read `/readyz`.
   * @default none: the API refuses the question, and a refusal counts as ready
   */
  readonly apiClient?: KeyPair | undefined;

  /** The Patroni members behind ports 5432 and 5433. @default none: neither port is opened */
  readonly postgres?: {
    /** The number of members. The ordinal of a member's pod is added to its NodePorts. */
    readonly members: number;

    /**
     * The lag, in the notation of Patroni's REST API, from which port 5433 sends a replica no new sessions.
     * @default "16MB", one WAL segment
     */
    readonly mostLag?: string;

    /**
     * The CA certificate (PEM) of Patroni's REST API. With it, a health check fails unless the member presents a
     * certificate of this CA.
     * @default the checks use TLS but verify no certificate
     */
    readonly certificateAuthority?: string;
  };

  /**
   * The addresses or ranges of a load balancer that sends the PROXY protocol. HAProxy ignores the protocol from all
   * other sources, so that clients cannot forge their address.
   * @default no load balancer
   */
  readonly loadBalancer?: readonly string[];

  /**
   * Whether the servers reach each other over public addresses. HAProxy then sends nothing in clear to another server.
   * @default false
   */
  readonly mesh?: boolean;

  /**
   * The certificate with which other servers get the metrics over TLS. The statistics page is then on loopback only.
   * @default metrics and page in clear, at the server's own address
   */
  readonly metricsCertificate?: KeyPair;

  /** The addresses to listen at. @default the defaults of its fields */
  readonly bind?: {
    /**
     * For ports 80, 443 and 6443. The default is every address: keepalived adds and removes the floating IP, and the
     * public address may appear after HAProxy starts. The firewall restricts access.
     * @default "*"
     */
    readonly front?: string;

    /**
     * For ports 5432, 5433 and 8404. Databases and metrics cannot be reached from outside the cluster's network, even
     * without a firewall. In a mesh this is the public address, and the firewall accepts only the peers.
     * @default the server's own address
     */
    readonly inside?: string;

    /** For port 8404 in clear, with `metricsCertificate`. @default "127.0.0.1" */
    readonly loopback?: string;
  };

  /** The directory of the files that haproxy.cfg refers to. @default "/etc/haproxy" */
  readonly configurationDirectory?: string;

  /** The directory of the runtime socket. @default "/run/haproxy", which the Debian package creates */
  readonly runtimeDirectory?: string;
}

export function patroniAuthorityFile({ configurationDirectory = "/etc/haproxy" }: HaproxyArgs): string {
  return `${configurationDirectory}/patroni-ca.pem`;
}

/** HAProxy finds the key beside the certificate, under the same name. */
export function metricsFile(
  { configurationDirectory = "/etc/haproxy" }: HaproxyArgs,
  kind: "crt" | "key",
): string {
  return `${configurationDirectory}/metrics.${kind}`;
}

/** The certificate and the key of the API's health check, in one file as HAProxy wants them. */
export function apiClientFile({ configurationDirectory = "/etc/haproxy" }: HaproxyArgs): string {
  return `${configurationDirectory}/api-client.pem`;
}

/** Renders haproxy.cfg for one server; valid for HAProxy 2.6 and 2.8. */
export function haproxyConfig(args: HaproxyArgs): string {
  const sections = [
    globalSection(args),
    defaultsSection(),
    statusSection(args),
    kubernetesApi(args),
    ...INGRESS.map((entrance) => ingress(args, entrance)),
    ...(args.postgres ? [postgresLeader(args, args.postgres), postgresReplicas(args, args.postgres)] : []),
  ];
  return `# HAProxy of ${args.server.name}, rendered by Trellis.\n\n${sections.join("\n")}`;
}

/** A connection needs about 50 KiB in HAProxy and the kernel, buffers included: at most 5 % of the memory. */
const CONNECTIONS_PER_GB = 1024;

function globalSection({
  server,
  metricsCertificate,
  runtimeDirectory = "/run/haproxy",
}: HaproxyArgs): string {
  return section("global", [
    "# The short form begins with the level, which journald understands.",
    "log stdout format short daemon info",
    "user haproxy",
    "group haproxy",
    "chroot /var/lib/haproxy",
    `stats socket ${runtimeDirectory}/admin.sock user root group haproxy mode 660 level admin expose-fd listeners`,
    "stats timeout 30s",
    `maxconn ${server.memoryGb * CONNECTIONS_PER_GB}`,
    "ssl-default-server-options ssl-min-ver TLSv1.2",
    ...(metricsCertificate ? ["# The key of metrics.crt is in metrics.key.", "ssl-load-extra-del-ext"] : []),
    "# After a reload the old process checks nobody's health any more: its sessions would not follow a leader change.",
    "hard-stop-after 15m",
    "set-var proc.started date()",
  ]);
}

function defaultsSection(): string {
  return section("defaults", [
    "mode tcp",
    "log global",
    "option tcplog",
    "option dontlognull",
    "option redispatch",
    "retries 3",
    "# Two lost SYN packets, which are sent again after 1 and 3 seconds, are forgiven.",
    "timeout connect 4s",
    "timeout queue 5s",
    "# Until a session stands. From then on, the timeout for tunnels counts for both sides.",
    "timeout client 1m",
    "timeout server 1m",
    "timeout tunnel 1h",
    "timeout client-fin 30s",
    "timeout server-fin 30s",
    "# A peer that vanished without a word is noticed after 90 s of silence, or 30 s after it owed an answer.",
    ...["clitcpka", "srvtcpka"].flatMap((side) => [
      `option ${side}`,
      `${side}-idle 60s`,
      `${side}-intvl 10s`,
      `${side}-cnt 3`,
    ]),
  ]);
}

function statusSection(args: HaproxyArgs): string {
  return section("frontend status", [
    "mode http",
    ...statusAddresses(args),
    "# Questions every two seconds are no news.",
    "option httplog",
    "option dontlog-normal",
    "timeout client 10s",
    "timeout http-request 5s",
    "# keepalived asks here whether HAProxy lives.",
    "monitor-uri /health",
    "http-request use-service prometheus-exporter if { path /metrics }",
    "stats enable",
    "stats uri /stats",
    "stats refresh 10s",
    `stats show-node ${args.server.name}`,
    "stats hide-version",
    "http-request return status 404 unless { path_beg /stats }",
  ]);
}

function statusAddresses(args: HaproxyArgs): string[] {
  const atOthers = `bind ${inside(args, SERVER_PORTS.haproxyStatus)}`;
  if (!args.metricsCertificate) return [atOthers];
  return [
    `bind ${args.bind?.loopback ?? "127.0.0.1"}:${SERVER_PORTS.haproxyStatus}`,
    `${atOthers} ssl crt ${metricsFile(args, "crt")} ssl-min-ver TLSv1.2`,
    "# The page tells more than the metrics, and asks for no password.",
    "http-request return status 404 if { ssl_fc } !{ path /metrics }",
  ];
}

function kubernetesApi(args: HaproxyArgs): string {
  const certificate = args.apiClient ? ` crt ${apiClientFile(args)}` : "";
  return section("listen kubernetes-api", [
    ...entrance(args, SERVER_PORTS.kubernetesApi),
    "# Watches live long, so the next client goes to the server with the fewest.",
    "balance leastconn",
    ...(args.apiClient
      ? [
          "# The API says 500 while etcd or a part of its own is not ready. A certificate that it does not accept, for example",
          "# an expired one, must not take all servers away: then a refusal (401) tells at least that the API answers.",
          ...httpCheck("GET", "/readyz", "200,401"),
        ]
      : [
          "# K3s takes no anonymous questions: a refusal (401, 403) tells that the API answers, which an open port alone does",
          "# not; its supervisor says 503 while the API behind it starts.",
          ...httpCheck("GET", "/readyz", "200,401,403"),
        ]),
    "# Clients verify the certificate, end to end.",
    "timeout check 2s",
    `default-server check check-ssl verify none${certificate} inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions`,
    ...args.apiServers.map(({ name, address }) => `server ${name} ${address}:${SERVER_PORTS.apiServer}`),
  ]);
}

/**
 * In a mesh, HTTP reaches the ingress by this server's NodePort only: kube-proxy forwards it to pods on other nodes
 * through WireGuard. The next server's NodePort, the backup while kube-proxy is not up, is then for HTTPS alone.
 */
function ingress(args: HaproxyArgs, { name, port, nodePort }: (typeof INGRESS)[number]): string {
  const paths = pathsOf(args).filter(({ near }) => near || !args.mesh || port !== SERVER_PORTS.http);
  return section(`listen ${name}`, [
    ...entrance(args, port),
    "# The ingress logs each request; here only what failed is worth a line.",
    "option dontlog-normal",
    "default-server check inter 2s fastinter 500ms fall 2 rise 1 send-proxy-v2",
    ...paths.map(
      ({ server, near }) => `server ${server.name} ${server.address}:${nodePort}${near ? "" : " backup"}`,
    ),
  ]);
}

type Postgres = NonNullable<HaproxyArgs["postgres"]>;

function postgresLeader(args: HaproxyArgs, postgres: Postgres): string {
  return section("listen postgres-leader", [
    `bind ${inside(args, SERVER_PORTS.postgresLeader)} tcp-ut 30s`,
    ...databaseTimeouts,
    ...httpCheck("OPTIONS", "/primary", "200"),
    `timeout check ${LEADER_SILENCE_MS}ms`,
    `acl settled date,sub(proc.started) ge ${SETTLING_SECONDS}`,
    "# While two members claim to lead, nobody is let in: one of the claims is about to be withdrawn.",
    "tcp-request connection reject if settled { nbsrv(postgres-leader) gt 1 }",
    "# HAProxy believes that everybody leads until the first checks are through: who comes earlier waits.",
    `tcp-request inspect-delay ${SETTLING_SECONDS}s`,
    "tcp-request content accept if settled",
    "tcp-request content accept if WAIT_END",
    ...members(args, postgres, "on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions"),
  ]);
}

function postgresReplicas(args: HaproxyArgs, postgres: Postgres): string {
  return section("listen postgres-replicas", [
    `bind ${inside(args, SERVER_PORTS.postgresReplicas)} tcp-ut 30s`,
    "balance leastconn",
    ...databaseTimeouts,
    ...httpCheck("OPTIONS", `/replica?lag=${postgres.mostLag ?? "16MB"}`, "200"),
    `timeout check ${LEADER_SILENCE_MS}ms`,
    "# Readers come before roles: without a replica that keeps up, the leader answers them.",
    "use_backend postgres-leader if { nbsrv(postgres-replicas) eq 0 }",
    "# No session is cut here: a replica lags because of the long reports that it runs, and a promoted one still reads.",
    ...members(args, postgres, ""),
  ]);
}

/**
 * A pooled connection may be idle for hours, and a statement such as CREATE INDEX may run for hours without sending a
 * byte. So sessions are closed only after a day without traffic. TCP keepalive detects peers that are gone.
 */
const databaseTimeouts = ["timeout tunnel 24h"];

/**
 * The backend servers: each member has NodePorts of its own, and HAProxy prefers those of this server. This path fails
 * only together with this HAProxy. kube-proxy forwards to the pod on any node, through the pod network. The next
 * server's NodePort is the backup while kube-proxy on this server is not up, for example after a boot.
 */
function members(args: HaproxyArgs, postgres: Postgres, sessions: string): string[] {
  const interval = checkIntervalMs(args.servers.length);
  const trust = postgres.certificateAuthority
    ? `verify required ca-file ${patroniAuthorityFile(args)}`
    : "verify none";
  const servers = pathsOf(args).flatMap(({ server, near }) =>
    Array.from({ length: postgres.members }, (_, ordinal) =>
      [
        `server postgres-${ordinal}-by-${server.name} ${server.address}:${NODE_PORTS.postgres + ordinal}`,
        `port ${NODE_PORTS.patroniRest + ordinal}`,
        near ? NEAR_PATH : `${FAR_PATH} backup`,
      ].join(" "),
    ),
  );
  return [
    `default-server check check-ssl ${trust} inter ${interval}ms fastinter 200ms ${sessions}`.trimEnd(),
    ...servers,
  ];
}

interface Path {
  readonly server: EdgeServer;
  readonly near: boolean;
}

/** The servers whose NodePorts this one uses: this server first, then the next one in the order of names. */
function pathsOf({ server, servers }: HaproxyArgs): Path[] {
  const sorted = [...servers].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const own = sorted.findIndex(({ name }) => name === server.name);
  if (own === -1) throw new Error(`${server.name}: missing in the list of servers for its own HAProxy`);
  const next = sorted[(own + 1) % sorted.length];
  return [
    { server, near: true },
    ...(next && next.name !== server.name ? [{ server: next, near: false }] : []),
  ];
}

/** Binds a port that clients outside of the cluster reach, directly or through the load balancer. */
function entrance({ bind, loadBalancer = [] }: HaproxyArgs, port: number): string[] {
  return [
    `bind ${bindAddress(bind?.front ?? "*", port)}`,
    ...(loadBalancer.length > 0
      ? [`tcp-request connection expect-proxy layer4 if { src ${loadBalancer.join(" ")} }`]
      : []),
  ];
}

function inside({ bind, server }: HaproxyArgs, port: number): string {
  return bindAddress(bind?.inside ?? server.address, port);
}

/** The private address may appear after HAProxy starts; with `transparent` HAProxy can bind it before that. */
function bindAddress(address: string, port: number): string {
  return address === "*" ? `*:${port}` : `${address}:${port} transparent`;
}

function httpCheck(method: string, uri: string, statuses: string): string[] {
  return [
    "option httpchk",
    `http-check send meth ${method} uri ${uri}`,
    `http-check expect status ${statuses}`,
  ];
}

function section(head: string, lines: readonly string[]): string {
  return `${head}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
