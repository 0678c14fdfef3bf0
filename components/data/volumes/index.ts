export { VOLUME_PODS, VolumeGrowth, type VolumeGrowthArgs, volumeRights } from "./volume-growth";
