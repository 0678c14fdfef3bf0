/**
 * The station number at the start of a text such as `59700`, `0770` or `29200 since 03/09/18`; undefined where there is
 * none, so that a word never becomes a gauge. Three to six digits: current numbers have four or five.
 */
export function gaugeIdIn(text: string | undefined): string | undefined {
  return /^\s*(\d{3,6})(?=$|[\s;,])/.exec(text ?? "")?.[1];
}
