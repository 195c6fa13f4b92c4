#include "aggregator/file_system.h"

#include <sys/vfs.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace starling {
namespace {

// `f_type` of statfs(2), as the kernel's and the vendors' sources have them.
constexpr uint32_t kNetworkFileSystems[] = {
    0x00006969,  // NFS
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x0000517b,  // SMB
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x00c36400,  // Ceph
    0x5346414f,  // AFS
    0x19830326,  // BeeGFS
    0x01161970,  // GFS2
    0x7461636f,  // OCFS2
    0x20030528,  // OrangeFS
    0x01021997,  // 9P
    0x73757245,  // Coda
    0x65735546,  // FUSE: may be one (sshfs, glusterfs)
};

}  // namespace

bool IsOnNetworkFileSystem(const std::string& path) {
  struct statfs information;
  if (statfs(path.c_str(), &information) != 0) {
    const size_t slash = path.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (statfs(folder.c_str(), &information) != 0) return false;
  }
  return std::find(std::begin(kNetworkFileSystems),
                   std::end(kNetworkFileSystems),
                   static_cast<uint32_t>(information.f_type)) !=
         std::end(kNetworkFileSystems);
}

}  // namespace starling
