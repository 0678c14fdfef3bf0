import { describe, expect, it } from "vitest";
import { poolerConfig, poolerUsers } from "../../../../../components/data/postgres";

const value = (text: string, name: string) => new RegExp(`^${name} = (.*)$`, "m").exec(text)?.[1];

const DATABASES = { airflow_db: { connections: 30 }, crm: { connections: 5 } };

describe("pgbouncer.ini", () => {
  it("takes at most half of each database's sessions, all poolers together", () => {
    const text = poolerConfig({ leader: "leader.example.com", databases: DATABASES, replicas: 2 });
    for (const [name, { connections }] of Object.entries(DATABASES)) {
      const line = new RegExp(`^${name} = .* pool_size=(\\d+) max_db_connections=(\\d+)$`, "m").exec(text);
      expect(2 * Number(line?.[2]), name).toBeLessThanOrEqual(connections / 2);
      expect(line?.[1], name).toBe(line?.[2]);
    }
    expect(value(text, "pool_mode")).toBe("transaction");
  });

  it("leads to no database that is not declared", () => {
    const text = poolerConfig({ leader: "leader.example.com", databases: DATABASES, replicas: 2 });
    expect(text).not.toMatch(/^\* =/m);
  });

  it("takes no client and opens no session without TLS", () => {
    const text = poolerConfig({ leader: "leader.example.com", databases: DATABASES, replicas: 2 });
    expect(value(text, "client_tls_sslmode")).toBe("require");
    expect(value(text, "server_tls_sslmode")).toBe("verify-full");
  });

  it("quotes whatever is in a password", () => {
    expect(poolerUsers([{ user: "crm_writer_1", password: 'a"b' }])).toBe('"crm_writer_1" "a""b"\n');
  });
});
