// Deliveries of results, as far as the table that decides what becomes of them.
#include "aggregator/result_check.h"
#include "aggregator/unit_table.h"
#include "base/file.h"
#include "base/log.h"
#include "base/protocol.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

constexpr uint64_t kGeneration = 4;
constexpr uint32_t kUnits = 4;
constexpr UnitTable::SessionId kSession = 1;

v1::WorkUnit Unit(uint32_t index) {
  v1::WorkUnit unit;
  unit.set_generation(kGeneration);
  unit.set_index(index);
  unit.set_direction(index / 2);
  unit.set_sign(index % 2 == 0 ? 1 : -1);
  unit.set_episodes(1);
  return unit;
}

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_name("sphere");
  spec.set_action_size(1);
  spec.set_max_steps(200);
  return spec;
}

// The verdicts of an aggregator whose units are all leased to the sender.
std::vector<UnitTable::Verdict> Verdicts(const v1::WorkRequest& request) {
  const UnitTable::Time now{};
  UnitTable table(LeaseRules(), /*first_lease=*/1);
  table.AddSession(kSession, kUnits);
  table.Start(kGeneration, kUnits);
  CHECK_EQ(table.Acquire(kSession, kUnits, now).size(), size_t{kUnits});

  std::vector<UnitTable::Verdict> verdicts;
  for (const v1::LeasedResult& leased : request.results()) {
    const v1::RolloutResult& result = leased.result();
    const bool is_ours =
        result.generation() == kGeneration && result.index() < kUnits;
    if (is_ours && !CheckResult(Unit(result.index()), result, Spec()).ok()) {
      verdicts.push_back(v1::WorkReply::REJECTED);
      continue;
    }
    verdicts.push_back(
        table.Submit(kSession, leased.lease_id(), result, now).verdict);
  }
  // Whatever has come, every unit is in one place.
  for (uint32_t i = 0; i < kUnits; ++i) {
    CHECK_EQ(table.done(i) + table.pending(i) + (table.copies(i) > 0), 1) << i;
  }
  return verdicts;
}

v1::LeasedResult Answer(uint32_t index) {
  v1::LeasedResult leased;
  leased.set_lease_id(1 + index);
  v1::RolloutResult& result = *leased.mutable_result();
  result.set_generation(kGeneration);
  result.set_index(index);
  result.add_returns(-1.5);
  result.add_lengths(1);
  result.set_perturbation_check(12345);
  return leased;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::WorkRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      request.results_size() > kMaxResultsPerWork) {
    return false;
  }
  const std::vector<UnitTable::Verdict> verdicts = Verdicts(request);
  v1::WorkRequest again;
  CHECK(again.ParseFromString(SerializeDeterministically(request)));
  CHECK(Verdicts(again) == verdicts);
  for (const UnitTable::Verdict verdict : verdicts) {
    if (verdict == v1::WorkReply::REJECTED) return false;
  }
  return true;
}

std::vector<std::string> Seeds() {
  v1::WorkRequest question;
  question.set_session("0123456789abcdef");
  question.set_incarnation(2);
  question.set_want(4);
  v1::WorkRequest delivery = question;
  for (const int index : {3, 0, 0}) *delivery.add_results() = Answer(index);
  v1::LeasedResult& failed = *delivery.add_results();
  failed.set_lease_id(2);
  failed.mutable_result()->set_generation(kGeneration);
  failed.mutable_result()->set_index(1);
  failed.mutable_result()->set_status(v1::RolloutResult::DIVERGED);
  failed.mutable_result()->set_detail("step 1");
  return {SerializeDeterministically(question),
          SerializeDeterministically(delivery)};
}

}  // namespace starling
