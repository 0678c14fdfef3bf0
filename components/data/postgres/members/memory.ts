/** PostgreSQL's parameters that depend on the memory of its container. */
export interface MemoryParameters {
  /** PostgreSQL's own cache of pages: a quarter of the usable memory. */
  readonly shared_buffers: string;
  /** How much cache the planner expects, the kernel's included: 60% of the usable memory. */
  readonly effective_cache_size: string;
  /** Memory of a vacuum or an index build: 1/16 of the usable memory, from 32 MB to 1 GB. */
  readonly maintenance_work_mem: string;
  /** Memory of one sort or hash: 4 to 64 MB. */
  readonly work_mem: string;
  /** How many sessions are accepted: 40 to 500. More need more memory. */
  readonly max_connections: number;
}

/** Memory of Patroni, of the background processes, and of what else the kernel charges to the container. */
const OVERHEAD_MIB = 160;

/** Memory of one nearly idle connection: its process, its catalogue caches, its page tables. */
const CONNECTION_MIB = 5;

/** With less than this, PostgreSQL starts but is killed under its first real load. */
export const LEAST_MEMORY_MIB = 512;

/**
 * Splits a container's memory limit so that the memory in use at one time stays below it. A container over its limit is
 * killed, and with it every session. A quarter is for shared buffers, a quarter for connections, and a quarter for
 * their sorts and hashes. The rest is the kernel's page cache, on which PostgreSQL relies.
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
    // A query may use it several times, but few connections sort at the same moment.
    work_mem: `${clamp(Math.floor((quarter * 8) / connections), 4, 64)}MB`,
    max_connections: connections,
  };
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
