import { maxConnections, OVERHEAD_MIB, RESERVED_SESSIONS } from "../../../settings";

/** PostgreSQL's parameters that depend on the memory of its container. */
export interface MemoryParameters {
  /** PostgreSQL's own cache of pages: a quarter of the usable memory. */
  readonly shared_buffers: string;
  /** How much cache the planner expects, the kernel's included: 60% of the usable memory. */
  readonly effective_cache_size: string;
  /** Memory of an index build or a manual vacuum: 1/16 of the usable memory, from 16 MB to 1 GB. */
  readonly maintenance_work_mem: string;
  /** Memory of each of the three autovacuum workers: a quarter of that, from 8 to 256 MB. */
  readonly autovacuum_work_mem: string;
  /** Memory of one sort: 4 to 64 MB. A hash may take `hash_mem_multiplier` times as much. */
  readonly work_mem: string;
  /** How much more memory a hash may take than a sort. */
  readonly hash_mem_multiplier: number;
  /** Workers of one parallel query, beside the process that leads it. Each takes as much memory as that process. */
  readonly max_parallel_workers_per_gather: number;
  /** Workers of all parallel queries together. */
  readonly max_parallel_workers: number;
  /** Workers that vacuum by themselves. */
  readonly autovacuum_max_workers: number;
  /** How many sessions are accepted: 26 to 500. More need more memory. */
  readonly max_connections: number;
  /** Of these, those that only superusers get, so that Patroni and operators can always connect. */
  readonly superuser_reserved_connections: number;
}

const HASH_MULTIPLIER = 2;
const PARALLEL_WORKERS = 4;
const WORKERS_OF_A_QUERY = 2;
const AUTOVACUUM_WORKERS = 3;

/** Of all sessions, this many sort or hash at the same moment: one in eight. */
const BUSY_SHARE = 1 / 8;

/** With less than this, PostgreSQL starts but is killed under its first real load. */
export const LEAST_MEMORY_MIB = 512;

/**
 * Splits a container's memory limit so that the memory in use at one time stays below it. A container over its limit is
 * killed, and with it every session. A quarter is for shared buffers, 3/8 for sessions at most, and a quarter for their
 * sorts and hashes, parallel workers included. The rest is for vacuum and the kernel's page cache, on which PostgreSQL
 * relies.
 */
export function memoryParameters(limitMib: number): MemoryParameters {
  const usable = limitMib - OVERHEAD_MIB;
  const quarter = Math.floor(usable / 4);
  const connections = maxConnections(limitMib);
  const maintenance = clamp(Math.floor(usable / 16), 16, 1024);
  const atWork = connections * BUSY_SHARE + PARALLEL_WORKERS;
  return {
    shared_buffers: `${quarter}MB`,
    effective_cache_size: `${Math.floor(usable * 0.6)}MB`,
    maintenance_work_mem: `${maintenance}MB`,
    autovacuum_work_mem: `${clamp(Math.floor(maintenance / 4), 8, 256)}MB`,
    work_mem: `${clamp(Math.floor(quarter / HASH_MULTIPLIER / atWork), 4, 64)}MB`,
    hash_mem_multiplier: HASH_MULTIPLIER,
    max_parallel_workers_per_gather: WORKERS_OF_A_QUERY,
    max_parallel_workers: PARALLEL_WORKERS,
    autovacuum_max_workers: AUTOVACUUM_WORKERS,
    max_connections: connections,
    superuser_reserved_connections: RESERVED_SESSIONS,
  };
}

/**
 * Size of /dev/shm in MiB, where a parallel query keeps its shared hashes. The kernel charges it to the container, so it
 * is part of the quarter for sorts and hashes.
 */
export const sharedMemoryMib = (limitMib: number): number =>
  Math.max(64, Math.floor((limitMib - OVERHEAD_MIB) / 4));

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
