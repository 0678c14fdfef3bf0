/** Seconds with one decimal. */
export const secondsSince = (began: number) => Math.round((Date.now() - began) / 100) / 10;
