/** Where a program listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Where an address of http or https leads. */
export function placeOf(url: string): Place {
  const { protocol, hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || (protocol === "https:" ? 443 : 80)) };
}
