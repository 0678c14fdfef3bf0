import { z } from "zod";
import { BOOTED_WITH_LABEL } from "../../components/servers";
import { UserError } from "../../components/shared/user-error";
import { output } from "../shared/programs";

const answer = z.object({
  servers: z.array(z.object({ id: z.number(), name: z.string(), labels: z.record(z.string(), z.string()) })),
});

type LabelledServer = z.output<typeof answer>["servers"][number];

/** The label by which `pulumi up` knows what a server was booted with, at Hetzner. */
export class BootLabels {
  readonly #endpoint: string;
  readonly #token: string;

  constructor(token: string, endpoint: string) {
    this.#token = token;
    this.#endpoint = endpoint;
  }

  /** With the token of the environment, or of the stack's configuration. */
  static of(stack: string | undefined): BootLabels {
    const { HCLOUD_TOKEN: given, HCLOUD_ENDPOINT: endpoint = "https://api.hetzner.cloud/v1" } = process.env;
    if (given) return new BootLabels(given, endpoint);
    if (stack === undefined)
      throw new UserError("HCLOUD_TOKEN is not set: a read-write token of the servers' Hetzner project");
    const configured = output("pulumi", ["config", "get", "hcloud:token", "--stack", stack]);
    return new BootLabels(configured.toString().trim(), endpoint);
  }

  /** The mark of a server; undefined if it has none. */
  async markOf(server: string): Promise<string | undefined> {
    return (await this.#find(server)).labels[BOOTED_WITH_LABEL];
  }

  /** Sets the mark. Hetzner replaces all labels, so the others are sent along. */
  async setMark(server: string, mark: string): Promise<void> {
    const { id, labels } = await this.#find(server);
    if (labels[BOOTED_WITH_LABEL] === mark) return;
    const body = JSON.stringify({ labels: { ...labels, [BOOTED_WITH_LABEL]: mark } });
    await this.#ask("PUT", `/servers/${id}`, body);
  }

  async #find(name: string): Promise<LabelledServer> {
    const { servers } = answer.parse(await this.#ask("GET", `/servers?name=${encodeURIComponent(name)}`));
    const [found] = servers;
    if (found) return found;
    throw new UserError(`Hetzner has no server ${name} in the project of this token`);
  }

  async #ask(method: string, path: string, body?: string): Promise<unknown> {
    const response = await fetch(`${this.#endpoint}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(15_000),
      ...(body !== undefined && { body }),
    }).catch((error: Error) => {
      throw new UserError(`${method} ${this.#endpoint}${path} was not answered: ${error.message}`);
    });
    if (response.ok) return response.json();
    throw new UserError(
      `${method} ${this.#endpoint}${path} was answered with ${response.status}. Allowed is a token with read and write rights ` +
        "(HCLOUD_TOKEN, or hcloud:token in the stack's configuration)",
    );
  }
}
