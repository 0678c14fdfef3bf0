export { PLATFORM_ON_KUBERNETES_PROGRAMS, PlatformOnKubernetes } from "./platform-on-kubernetes";
