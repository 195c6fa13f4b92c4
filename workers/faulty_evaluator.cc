#include "workers/faulty_evaluator.h"

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "base/log.h"
#include "workers/evaluator_process.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

void WriteToForbiddenMemory() {
  void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
  *static_cast<volatile char*>(page) = 1;
}

// Lives in the evaluator process.
class FaultyEvaluator : public UnitEvaluator {
 public:
  FaultyEvaluator(std::string folder, std::atomic<uint64_t>* steps)
      : folder_(std::move(folder)), steps_(steps) {
    env_spec_.set_max_steps(7);
  }
  const v1::EnvSpec& env_spec() const override { return env_spec_; }
  void SetState(std::shared_ptr<const v1::PolicyState> state) override {
    state_ = std::move(state);
  }
  v1::RolloutResult Evaluate(const v1::WorkUnit& unit) override {
    steps_->fetch_add(3);
    v1::RolloutResult result;
    result.set_generation(unit.generation());
    result.set_index(unit.index());
    // What came with the state, and who answers.
    result.add_returns(state_ == nullptr ? -1 : state_->distribution().sigma());
    result.set_detail(std::to_string(getpid()));
    switch (unit.direction()) {
      case kAnswer:
        break;
      case kSegfault:
        WriteToForbiddenMemory();
        break;
      case kRaise:
        raise(static_cast<int>(unit.episodes()));
        break;
      case kKillOnce:
        if (std::ifstream(folder_ + "/killed").good()) break;
        std::ofstream(folder_ + "/killed") << "yes";
        raise(SIGKILL);
        break;
      case kExit:
        _exit(3);
      case kHang:
        while (true) pause();
      case kSlow:
        for (int i = 0; i < 20; ++i) {
          usleep(20'000);
          steps_->fetch_add(1);
        }
        break;
      case kNonsense:
        CHECK_EQ(write(kEvaluatorSocketFd, "\xff\xff\xff\xff", 4), 4);
        break;
      case kDescriptors:
        // One is that of the listing.
        result.add_lengths(CountEntries("/proc/self/fd") - 1);
        break;
    }
    return result;
  }
  uint64_t steps() const override { return steps_->load(); }

 private:
  const std::string folder_;
  std::atomic<uint64_t>* const steps_;
  v1::EnvSpec env_spec_;
  std::shared_ptr<const v1::PolicyState> state_;
};

}  // namespace

size_t CountEntries(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder),
                       fs::directory_iterator());
}

EvaluatorFactory FaultyEvaluators(std::atomic<uint64_t>* steps) {
  return [steps](const v1::Experiment& experiment)
             -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
    if (experiment.has_env()) return RolloutEvaluators(steps)(experiment);
    if (experiment.name() == "not to be built") {
      return absl::NotFoundError("no such model file");
    }
    if (experiment.name() == "dies while it is built") WriteToForbiddenMemory();
    return std::make_unique<FaultyEvaluator>(experiment.name(), steps);
  };
}

}  // namespace starling
