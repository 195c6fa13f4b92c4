// What kind of disk a path is on.
#ifndef STARLING_AGGREGATOR_FILE_SYSTEM_H_
#define STARLING_AGGREGATOR_FILE_SYSTEM_H_

#include <string>

namespace starling {

// Whether `path` (or, if it does not exist yet, its folder) is on a file system
// that several hosts may share (NFS, SMB, Lustre, GPFS, Ceph, FUSE, ..), where
// memory maps of one host are not seen by another. False if that can't be
// found out.
bool IsOnNetworkFileSystem(const std::string& path);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_FILE_SYSTEM_H_
