export { type ExporterArgs, exporterParts, jobsExporter } from "./jobs-exporter";
