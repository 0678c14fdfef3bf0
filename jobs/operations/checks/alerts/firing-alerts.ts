import type { Readers } from "../../readers";

/** The alerts that fire now. kube-prometheus-stack's Watchdog always fires: it shows that alerts are evaluated. */
export const firingAlerts = ({ prometheus }: Readers) => prometheus.query('ALERTS{alertstate="firing"}');

export const WATCHDOG = "Watchdog";
