import { DISKS } from "./site";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a server must not do to the machine that it shares its kernel with. A reboot ends its own namespace alone. */
const WITHHELD = ["sys_time", "sys_module", "sys_rawio", "sys_ptrace"];

/**
 * The script that a server's first process runs in new namespaces: it prints `made`, waits for its network, mounts what
 * a kernel would, and becomes systemd. Settings of the kernel, those of the network aside, are copies of the server's own.
 */
export function powerOnScript(name: string): string {
  const home = `${DISKS}/${name}`;
  return `R=${home}/root
rm -rf ${home}/sysctl
cp -r ${DISKS}/sysctl ${home}/sysctl
cat /proc/sys/kernel/random/uuid >${home}/sysctl/kernel/random/boot_id
: >${home}/console
: >${home}/no-swaps
echo made
read -r go
mount -t proc -o nosuid,nodev,noexec proc $R/proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs $R/sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 $R/sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid dev $R/dev
for node in null zero full random urandom tty; do touch $R/dev/$node; mount --bind /dev/$node $R/dev/$node; done
mkdir $R/dev/pts $R/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts $R/dev/pts
ln -s pts/ptmx $R/dev/ptmx
ln -s /proc/self/fd $R/dev/fd
mount -t tmpfs -o mode=1777 shm $R/dev/shm
touch $R/dev/console
mount --bind ${home}/console $R/dev/console
mount -t tmpfs -o mode=755,nosuid,nodev run $R/run
mount --bind ${home}/no-swaps $R/proc/swaps
mount --bind $R/proc/sys $R/proc/sys
mount -o remount,bind,ro $R/proc/sys
mount --bind $R/proc/sys/net $R/proc/sys/net
mount -o remount,bind,rw $R/proc/sys/net
for part in kernel vm fs; do mount --bind ${home}/sysctl/$part $R/proc/sys/$part; done
mount --bind /proc/sys/kernel/random/uuid $R/proc/sys/kernel/random/uuid
hostname booting
cd $R
mkdir -p .old
pivot_root . .old
umount -l .old
rmdir .old
exec env -i container=trellis ${PATH} setpriv --bounding-set=${WITHHELD.map((each) => `-${each}`).join()} \\
  /usr/lib/systemd/systemd </dev/null >/dev/null 2>&1`;
}
