import { describe, expect, it } from "vitest";
import { poolerConfig, poolerUsers } from "../../../../../components/data/postgres";

const value = (text: string, name: string) => new RegExp(`^${name} = (.*)$`, "m").exec(text)?.[1];

describe("pgbouncer.ini", () => {
  it("never takes more than half of the leader's sessions, all poolers together", () => {
    for (const maxConnections of [40, 100, 500]) {
      const text = poolerConfig({ maxConnections, replicas: 2 });
      expect(2 * Number(value(text, "max_db_connections"))).toBeLessThanOrEqual(maxConnections / 2);
      expect(value(text, "pool_mode")).toBe("transaction");
    }
  });

  it("takes no client and opens no session without TLS", () => {
    const text = poolerConfig({ maxConnections: 100, replicas: 2 });
    expect(value(text, "client_tls_sslmode")).toBe("require");
    expect(value(text, "server_tls_sslmode")).toBe("verify-full");
  });

  it("quotes whatever is in a password", () => {
    expect(poolerUsers([{ user: "crm_writer_1", password: 'a"b' }])).toBe('"crm_writer_1" "a""b"\n');
  });
});
