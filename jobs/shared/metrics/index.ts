export { exporterReply, type GaugeFamily, type GaugeSample, metricsText } from "./metrics";
