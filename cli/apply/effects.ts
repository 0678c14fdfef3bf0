/** What has to happen on a server after files or programs changed, in the order in which it happens. */
const EFFECTS = {
  sysctl: { says: "the kernel's settings are loaded", run: () => "systemctl restart systemd-sysctl.service" },
  guard: {
    says: "the rules for the metadata addresses and SSH are loaded",
    run: () => "systemctl restart trellis-metadata-guard.service",
  },
  journal: { says: "journald restarts", run: () => "systemctl restart systemd-journald.service" },
  clock: { says: "timesyncd restarts", run: () => "systemctl restart systemd-timesyncd.service" },
  ssh: {
    says: "sshd reloads; sessions stay",
    run: () => "mkdir -p /run/sshd\nsshd -t\nsystemctl try-reload-or-restart ssh.service",
  },
  base: { says: "the setup of the base runs", run: (setup: Setup) => setup("base") },
  timers: {
    says: "timers start anew",
    run: () =>
      "systemctl try-restart trellis-certificates.timer\nsystemctl try-restart etcd-access.timer etcd-snapshot.timer etcd-defragment.timer 2>/dev/null || :",
  },
  etcdSetup: { says: "the setup of etcd runs", run: (setup: Setup) => setup("etcd") },
  etcd: {
    says: "etcd restarts; other members answer meanwhile, if there are any",
    // Its start waits for a quorum without a limit.
    run: () => "systemctl restart --no-block etcd.service\nawait_health",
  },
  access: {
    says: "users and roles of etcd are checked",
    run: () => "systemctl restart etcd-access.service",
  },
  haproxy: {
    says: "HAProxy checks its configuration and reloads; sessions stay",
    // The setup's own check is quiet; what this one says is the reason of a failure.
    run: (setup: Setup) => `haproxy -c -f /etc/haproxy/haproxy.cfg >/dev/null\n${setup("haproxy")}`,
  },
  haproxyRestart: {
    says: "HAProxy restarts; its sessions end",
    run: () => "systemctl restart haproxy.service",
  },
  keepalived: {
    says: "keepalived restarts; the floating IP moves if this server holds it",
    run: (setup: Setup) => setup("keepalived"),
  },
  k3s: { says: "K3s restarts; pods run on", run: (setup: Setup) => setup("k3s") },
} as const satisfies Record<string, { says: string; run: (setup: Setup) => string }>;

/** The command that runs a part's setup script, as the first boot does. */
type Setup = (part: string) => string;

export type Effect = keyof typeof EFFECTS;

/** What reads which files. The first rule that matches a path counts; a path without one is not applied. */
const RULES: readonly (readonly [RegExp, readonly Effect[]])[] = [
  [/^\/var\/lib\/trellis\/setup\/\d+-base$/, ["base"]],
  [/^\/var\/lib\/trellis\/setup\/\d+-etcd$/, ["etcdSetup"]],
  [/^\/var\/lib\/trellis\/setup\/\d+-haproxy$/, ["haproxy"]],
  [/^\/var\/lib\/trellis\/setup\/\d+-keepalived$/, ["keepalived"]],
  [/^\/var\/lib\/trellis\/setup\/\d+-k3s$/, ["k3s"]],

  [/^\/etc\/ssh\/sshd_config\.d\//, ["ssh"]],
  [/^\/etc\/sysctl\.d\/70-kubelet\.conf$/, ["k3s"]],
  [/^\/etc\/sysctl\.d\//, ["sysctl"]],
  [/^\/etc\/modules-load\.d\//, ["k3s"]],
  [/^\/etc\/systemd\/journald\.conf\.d\//, ["journal"]],
  [/^\/etc\/systemd\/timesyncd\.conf\.d\//, ["clock"]],
  [/^\/etc\/trellis\/metadata-guard\.nft$/, ["guard"]],
  [/^\/etc\/systemd\/system\/trellis-metadata-guard\.service$/, ["guard"]],

  [/^\/usr\/local\/bin\/etcd$/, ["etcd"]],
  [/^\/etc\/etcd\/(etcd\.yaml|tls\/ca\.crt)$/, ["etcd"]],
  [/^\/etc\/systemd\/system\/etcd\.service$/, ["etcd"]],
  [/^\/etc\/etcd\/(grants|patroni\.password)$/, ["access"]],
  [/^\/etc\/systemd\/system\/[a-z-]+\.timer$/, ["timers"]],

  [/^\/etc\/haproxy\//, ["haproxy"]],
  [/^\/etc\/systemd\/system\/haproxy\.service\.d\//, ["haproxyRestart"]],

  [/^\/etc\/keepalived\//, ["keepalived"]],
  [/^\/usr\/local\/lib\/trellis\/configure-keepalived$/, ["keepalived"]],
  [/^\/etc\/systemd\/system\/keepalived\.service\.d\//, ["keepalived"]],

  // K3s looks at its manifests by itself, and reads its client certificate for each connection.
  [/^\/var\/lib\/rancher\/k3s\/server\/manifests\//, []],
  [/^\/etc\/rancher\/k3s\/etcd\/client\.(crt|key)$/, []],
  [/^\/etc\/rancher\/k3s\//, ["k3s"]],
  [/^\/usr\/local\/lib\/trellis\/k3s$/, ["k3s"]],
  [/^\/etc\/systemd\/system\/k3s\.service$/, ["k3s"]],

  // Read anew each time that somebody needs them.
  [/^\/etc\/etcd\/(trellis\.conf|snapshot\.(recipient|identity)|store\.curl)$/, []],
  [/^\/etc\/etcd\/tls\/(server|peer|root)\.(crt|key)$/, []],
  [/^\/etc\/trellis\/floating-ip\.(conf|authorization)$/, []],
  [/^\/etc\/apt\//, []],
  [/^\/etc\/systemd\/system\/(etcd-[a-z]+|trellis-[a-z-]+|rsyslog)\.service$/, []],
  [/^\/etc\/systemd\/system\/syslog\.socket$/, []],
  [/^\/usr\/local\/(s?bin|lib\/trellis)\/[a-z0-9-]+$/, []],
];

/** What has to happen when a file or program changes; undefined if nobody has said it. */
export function effectsOf(path: string): readonly Effect[] | undefined {
  return RULES.find(([form]) => form.test(path))?.[1];
}

/** Effects, each once, in their order. */
export function ordered(effects: readonly Effect[]): Effect[] {
  // Safe: the keys are those of `EFFECTS`.
  return (Object.keys(EFFECTS) as Effect[]).filter((each) => effects.includes(each));
}

export const wordsOf = (effect: Effect): string => EFFECTS[effect].says;

/**
 * The commands for effects on a server. `setups` are the paths of its setup scripts.
 */
export function commandsFor(effects: readonly Effect[], setups: readonly string[]): string {
  const setup: Setup = (part) => {
    const path = setups.find((each) => each.endsWith(`-${part}`));
    if (path === undefined) throw new Error(`this server has no setup of ${part}`);
    return `sh -eu ${path}`;
  };
  return ordered(effects)
    .map((effect) => `log '${wordsOf(effect).replaceAll("'", "'\\''")}'\n${EFFECTS[effect].run(setup)}\n`)
    .join("");
}
