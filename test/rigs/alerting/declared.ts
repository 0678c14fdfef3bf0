import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import type { AlertRule } from "../../../components/shared/workloads";

/** All rules in a value, however deep, in texts that hold YAML, and in packed charts. */
export function alertsIn(value: unknown): AlertRule[] {
  if (typeof value === "string") {
    if (value.startsWith(GZIP_IN_BASE64)) return alertsIn(filesOfArchive(value).join("\n---\n"));
    if (!/\balert: /.test(value)) return [];
    return parseAllDocuments(value).flatMap((document) => alertsIn(document.toJS()));
  }
  if (Array.isArray(value)) return value.flatMap(alertsIn);
  if (typeof value !== "object" || value === null) return [];
  if ("alert" in value && "expr" in value) return [value as AlertRule]; // safe: only our renderers make values of this shape
  return Object.values(value).flatMap(alertsIn);
}

/** The Kubernetes objects in a packed chart, wherever it is in a value. */
export function objectsIn(value: unknown): unknown[] {
  if (typeof value === "string") {
    if (!value.startsWith(GZIP_IN_BASE64)) return [];
    return filesOfArchive(value)
      .filter((text) => /^kind: /m.test(text))
      .map((text) => parseAllDocuments(text.replaceAll('{{ "{{" }}', "{{"))[0]?.toJS());
  }
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(objectsIn) : [];
}

const GZIP_IN_BASE64 = "H4sI";

/** The texts in a packed chart: a tar whose members begin at blocks of 512 bytes. */
function filesOfArchive(packed: string): string[] {
  const archive = gunzipSync(Buffer.from(packed, "base64"));
  const files: string[] = [];
  for (let at = 0; at < archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 136), 8);
    files.push(archive.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
