/** With one decimal, as people read it. */
export const secondsSince = (began: number) => Math.round((Date.now() - began) / 100) / 10;
