"""Which file systems are real: what can fill, and is not looked at elsewhere."""

from __future__ import annotations

_PSEUDO = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore",
    "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs",
})  # fmt: skip
_IMAGES = frozenset({"squashfs", "iso9660", "udf", "erofs", "cramfs", "fuse.snapfuse"})
_LAYERS = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
_REMOTE = frozenset({
    "9p", "afs", "ceph", "cifs", "fuse.cephfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs",
    "lustre", "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip


def set_aside(type: str, mount: str, *, remote: bool = False) -> str:
    """Why a file system is not looked at; empty for a real one of this machine."""
    if remote or type in _REMOTE:
        return "of another machine: its own host tells how full it is"
    if type in _PSEUDO:
        return "no real file system"
    if type in _IMAGES:
        return "an image, which is full and read-only by its kind"
    if type in _LAYERS and mount != "/":
        return "layers of a container, which lie on another file system"
    return ""
