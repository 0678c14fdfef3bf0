/** A server as the stand-in knows it. */
export interface KnownServer {
  readonly id: number;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A floating IP as the stand-in knows it; `server` is the id of the server that it points at. */
export interface KnownFloatingIp {
  readonly id: number;
  readonly name: string;
  readonly ip: string;
  readonly server: number | null;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What one account holds. */
export interface HcloudProjectOptions {
  readonly servers: readonly KnownServer[];
  readonly floatingIps: readonly KnownFloatingIp[];
  /** How long an action runs until it takes effect. Default: 100. */
  readonly actionMilliseconds?: number;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Action {
  readonly id: number;
  readonly floatingIp: number;
  readonly server: number;
  readonly started: number;
  readonly fails: boolean;
}

/** What the account holds, and how it answers. Actions take effect when they are due, seen from the clock. */
export class HcloudProject {
  #servers: readonly KnownServer[];
  readonly #floatingIps: readonly KnownFloatingIp[];
  readonly #actions: Action[] = [];
  readonly #actionMilliseconds: number;

  constructor(options: HcloudProjectOptions) {
    this.#servers = options.servers;
    this.#floatingIps = options.floatingIps;
    this.#actionMilliseconds = options.actionMilliseconds ?? 100;
  }

  holder(floatingIp: number): number | null {
    const known = this.#floatingIps.find((each) => each.id === floatingIp);
    if (!known) throw new Error(`the stand-in has no floating IP ${floatingIp}`);
    const last = this.#actions.findLast(
      (action) => action.floatingIp === floatingIp && !action.fails && !this.#runs(action),
    );
    return last?.server ?? known.server;
  }

  answer(method: string, url: URL, body: string, actionFails: boolean): Reply {
    const [version, collection, id, ...rest] = url.pathname.split("/").slice(1);
    const tail = rest.join("/");
    if (version !== "v1") return NOT_FOUND;
    if (method === "GET" && id === undefined) {
      if (collection === "servers") return listed("servers", this.#servers.map(serverBody), url);
      if (collection === "floating_ips") {
        return listed(
          "floating_ips",
          this.#floatingIps.map((each) => this.#floatingIpBody(each)),
          url,
        );
      }
    }
    if (method === "GET" && tail === "") {
      if (collection === "servers") return found("server", this.#servers.find(withId(id)), serverBody);
      if (collection === "actions") return this.#actionReply(id);
      if (collection === "floating_ips") {
        return found("floating_ip", this.#floatingIps.find(withId(id)), (each) => this.#floatingIpBody(each));
      }
    }
    if (method === "PUT" && collection === "servers" && tail === "") return this.#relabel(id, body);
    if (collection === "floating_ips") {
      if (method === "GET" && id === "actions") return this.#actionReply(tail);
      if (method === "GET" && tail.startsWith("actions/"))
        return this.#actionReply(tail.slice("actions/".length));
      if (method === "POST" && tail === "actions/assign") return this.#assign(id, body, actionFails);
    }
    return NOT_FOUND;
  }

  /** Replaces all labels of a server, as Hetzner does. */
  #relabel(id: string | undefined, body: string): Reply {
    const { labels } = JSON.parse(body) as Pick<KnownServer, "labels">; // our own program's request
    if (labels === undefined) return failure(422, "invalid_input", "only labels can be changed here");
    this.#servers = this.#servers.map((each) => (withId(id)(each) ? { ...each, labels } : each));
    return found("server", this.#servers.find(withId(id)), serverBody);
  }

  #assign(id: string | undefined, body: string, fails: boolean): Reply {
    const floatingIp = this.#floatingIps.find(withId(id));
    if (!floatingIp) return NOT_FOUND;
    const target = serverIn(body);
    if (target === undefined) return failure(422, "invalid_input", "invalid input in field 'server'");
    if (!this.#servers.some((each) => each.id === target))
      return failure(404, "not_found", "server not found");
    if (this.#actions.some((each) => each.floatingIp === floatingIp.id && this.#runs(each))) return LOCKED;
    const action = {
      id: this.#actions.length + 1,
      floatingIp: floatingIp.id,
      server: target,
      started: Date.now(),
      fails,
    };
    this.#actions.push(action);
    return { status: 201, body: { action: this.#actionBody(action) } };
  }

  #runs(action: Action): boolean {
    return Date.now() < action.started + this.#actionMilliseconds;
  }

  #actionReply(id: string | undefined): Reply {
    return found("action", this.#actions.find(withId(id)), (action) => this.#actionBody(action));
  }

  #actionBody(action: Action): object {
    const running = this.#runs(action);
    const failed = !running && action.fails;
    return {
      id: action.id,
      command: "assign_floating_ip",
      status: running ? "running" : failed ? "error" : "success",
      progress: running ? 50 : 100,
      started: new Date(action.started).toISOString(),
      finished: running ? null : new Date(action.started + this.#actionMilliseconds).toISOString(),
      resources: [
        { id: action.server, type: "server" },
        { id: action.floatingIp, type: "floating_ip" },
      ],
      error: failed ? { code: "action_failed", message: "Action failed" } : null,
    };
  }

  #floatingIpBody({ id, name, ip, labels = {} }: KnownFloatingIp) {
    return { id, name, ip, labels, type: "ipv4", server: this.holder(id), blocked: false };
  }
}

const NOT_FOUND = failure(404, "not_found", "the requested resource was not found");
export const LOCKED = failure(423, "locked", "the item you are trying to access is locked by another action");

function serverBody({ id, name, labels = {} }: KnownServer) {
  return { id, name, labels, status: "running" };
}

export function failure(status: number, code: string, message: string): Reply {
  return { status, body: { error: { code, message, details: null } } };
}

function found<T>(key: string, item: T | undefined, body: (item: T) => object): Reply {
  return item === undefined ? NOT_FOUND : { status: 200, body: { [key]: body(item) } };
}

/** A page of a collection, by name and label; like the real API it shows 25 entries unless asked for up to 50. */
function listed<T extends { name: string; labels: Readonly<Record<string, string>> }>(
  key: string,
  all: readonly T[],
  url: URL,
): Reply {
  const name = url.searchParams.get("name");
  const selector = url.searchParams.get("label_selector");
  const chosen = all
    .filter((each) => name === null || each.name === name)
    .filter((each) => selector === null || matchesSelector(selector, each.labels));
  const page = Number(url.searchParams.get("page") ?? 1);
  const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 25), 50);
  const lastPage = Math.max(1, Math.ceil(chosen.length / perPage));
  const pagination = {
    page,
    per_page: perPage,
    previous_page: page > 1 ? page - 1 : null,
    next_page: page < lastPage ? page + 1 : null,
    last_page: lastPage,
    total_entries: chosen.length,
  };
  return {
    status: 200,
    body: { [key]: chosen.slice((page - 1) * perPage, page * perPage), meta: { pagination } },
  };
}

function withId(id: string | undefined): (item: { readonly id: number }) => boolean {
  return (item) => String(item.id) === id;
}

function serverIn(body: string): number | undefined {
  try {
    const { server } = JSON.parse(body) as { server?: unknown };
    return typeof server === "number" ? server : undefined;
  } catch {
    return undefined;
  }
}

/** Label selectors: `key=value`, `key==value`, `key!=value`, `key`, `!key`, joined by commas. */
export function matchesSelector(selector: string, labels: Readonly<Record<string, string>>): boolean {
  return selector.split(",").every((term) => {
    const [, negation, key = "", operator, value] =
      /^\s*(!?)([^!=\s]+)\s*(?:(==|=|!=)\s*(\S*))?\s*$/.exec(term) ?? [];
    if (operator === undefined) return key in labels !== (negation === "!");
    return (labels[key] === value) !== (operator === "!=");
  });
}
