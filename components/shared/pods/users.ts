/** The user that `jobs/Dockerfile` sets: Node's image creates it as 1000. */
export const JOBS_USER = 1000;
