#include "workers/state_fetch.h"

#include <utility>

#include "base/digest.h"
#include "base/log.h"

namespace starling {

void StateFetch::Want(const std::string& sha256) {
  if (sha256 == have_) {
    wanted_.clear();
  } else if (sha256 != wanted_) {
    wanted_ = sha256;
    bytes_.clear();
  }
}

std::optional<StateFetch::Piece> StateFetch::Begin() {
  if (wanted_.empty() || is_under_way_) return std::nullopt;
  is_under_way_ = true;
  return Piece{wanted_, bytes_.size()};
}

bool StateFetch::End(const Piece& piece, const std::string& data) {
  is_under_way_ = false;
  if (piece.sha256 != wanted_) return false;
  bytes_ += data;
  return true;
}

absl::StatusOr<std::shared_ptr<const v1::PolicyState>> StateFetch::Finish() {
  auto state = std::make_shared<v1::PolicyState>();
  if (Sha256(bytes_) != wanted_ || !state->ParseFromString(bytes_)) {
    LOG(WARNING) << "the policy state of " << bytes_.size()
                 << " bytes came damaged; fetching it once more";
    bytes_.clear();
    return absl::DataLossError("a damaged policy state");
  }
  have_ = std::move(wanted_);
  wanted_.clear();
  bytes_.clear();
  return state;
}

void StateFetch::Reset() {
  have_.clear();
  wanted_.clear();
}

}  // namespace starling
