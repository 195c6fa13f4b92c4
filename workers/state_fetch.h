// Fetches the state of a generation by its digest, in as many pieces as it
// takes.
//
// Knows what the slots have, what is wanted, and what has come of it; asking
// for a piece is the caller's. A call that breaks off is no loss: the next
// piece begins where it ended. Not thread-safe.
#ifndef STARLING_WORKERS_STATE_FETCH_H_
#define STARLING_WORKERS_STATE_FETCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/work.pb.h"

namespace starling {

class StateFetch {
 public:
  // To be asked for: the state of this digest, from this byte on.
  struct Piece {
    std::string sha256;
    uint64_t offset;
  };

  // The state of this digest is needed, and no other any more.
  void Want(const std::string& sha256);
  // The next piece to ask for; nothing if one is on its way, or nothing is
  // wanted.
  std::optional<Piece> Begin();
  // The call for `piece` has ended and brought `data`. False if that is of no
  // use, because its state is no longer wanted.
  bool End(const Piece& piece, const std::string& data);
  // After an End without an error: the whole state, which the slots have from
  // now on. DataLoss: it came damaged; it is fetched anew.
  absl::StatusOr<std::shared_ptr<const v1::PolicyState>> Finish();
  // What is wanted can't be had any more.
  void GiveUp() { wanted_.clear(); }
  // There are new slots, which have nothing.
  void Reset();

 private:
  // Digests; "" for none.
  std::string have_, wanted_;
  // What has come of `wanted_`.
  std::string bytes_;
  bool is_under_way_ = false;
};

}  // namespace starling

#endif  // STARLING_WORKERS_STATE_FETCH_H_
