/** The secrets of a stack, without the passwords of source databases. */
export const SECRETS = [
  "hcloudToken",
  "offsiteAccessKey",
  "offsiteSecretKey",
  "offsitePruneAccessKey",
  "offsitePruneSecretKey",
  "storeAccessKey",
  "storeSecretKey",
  "kubeconfig",
  "slackToken",
  "gitToken",
  "agentsModelKey",
  "logsToken",
] as const;

export type SecretName = (typeof SECRETS)[number];

const plainly = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** The secret that somebody wrote among the settings: by its name, or by a part of it as in `offsite.accessKey`. */
export function secretNamed(path: ReadonlyArray<string | number>): SecretName | undefined {
  const name = plainly(String(path.at(-1)));
  const long = plainly(path.slice(-2).join(""));
  return SECRETS.find((each) => [name, long].includes(plainly(each)));
}

/** Whether a name says that its value is a secret, so that no message shows the value. */
export const soundsSecret = (name: string | number | undefined): boolean =>
  /password|passphrase|secret|token|(access|api|private|model).?key|kubeconfig/i.test(String(name));
