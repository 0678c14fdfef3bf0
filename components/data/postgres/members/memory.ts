/** PostgreSQL's parameters that follow from how much memory its container may use. */
export interface MemoryParameters {
  readonly shared_buffers: string;
  readonly effective_cache_size: string;
  readonly maintenance_work_mem: string;
  readonly work_mem: string;
  readonly max_connections: number;
}

/** Patroni, the background processes, and what the kernel charges to the container besides. */
const OVERHEAD_MIB = 160;

/** What one connection takes while it does little: its process, its caches of the catalogue, its page tables. */
const CONNECTION_MIB = 5;

/** Below this PostgreSQL starts, and is killed under its first real load. */
export const LEAST_MEMORY_MIB = 512;

/**
 * Splits a container's limit so that the sum of what may be used at once stays below it: a container over its limit
 * is killed, and with it every session. A quarter is shared buffers, a quarter connections, a quarter their sorts and
 * hashes; the rest is the kernel's page cache, on which PostgreSQL counts.
 */
export function memoryParameters(limitMib: number): MemoryParameters {
  const usable = limitMib - OVERHEAD_MIB;
  const quarter = Math.floor(usable / 4);
  const connections = clamp(Math.floor(quarter / CONNECTION_MIB), 40, 500);
  const maintenance = clamp(Math.floor(usable / 16), 32, 1024);
  return {
    shared_buffers: `${quarter}MB`,
    effective_cache_size: `${Math.floor(usable * 0.6)}MB`,
    maintenance_work_mem: `${maintenance}MB`,
    // A query may use it several times over, but few of all connections sort at the same moment.
    work_mem: `${clamp(Math.floor((quarter * 8) / connections), 4, 64)}MB`,
    max_connections: connections,
  };
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
