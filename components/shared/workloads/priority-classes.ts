/**
 * Priority classes, highest first. Pods of lower classes are evicted first when a server runs out of room. The gaps
 * between the values leave room for further classes.
 */
export const PRIORITY_CLASSES = [
  {
    name: "trellis-data",
    value: 1_000_000,
    description: "PostgreSQL and object storage: everything else waits for them.",
    preempts: true,
  },
  {
    name: "trellis-service",
    value: 100_000,
    description: "What people and schedules talk to: Airflow, APIs, the ingress' backends.",
    preempts: true,
  },
  {
    name: "trellis-job",
    value: 1_000,
    description: "Jobs that can be run again; they wait for room and never evict anybody.",
    preempts: false,
  },
] as const;
