#include "deploy/inspect/live_status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::HasSubstr;
using testing::Not;

class LiveStatusTest : public testing::Test {
 protected:
  LiveStatusTest() {
    status_.set_name("ant");
    status_.set_generation(12);
    status_.set_budget_generations(100);
    status_.set_env_steps(1'234'567);
    status_.set_incarnation(2);
    status_.set_units(64);
    status_.set_units_done(16);
    status_.set_workers_active(1);
    status_.set_slots(4);
    auto* worker = workers_.add_workers();
    worker->set_id("0123abcd");
    worker->set_name("node7");
    worker->set_host("host\033[31m<script>");
    worker->set_pid(77);
    worker->set_slots(4);
    worker->set_silent_s(0.4);
    worker->set_accepted(1'000);
  }
  std::string Text(bool color = false) {
    return ToText("runs/ant", status_, workers_, color);
  }

  v1::StatusReply status_;
  v1::ListWorkersReply workers_;
};

TEST_F(LiveStatusTest, SaysWhatAPersonWantsToKnow) {
  status_.set_return_mean(3.5);
  status_.set_checkpoint_generation(11);
  status_.set_checkpoint_age_s(12);
  status_.add_warnings("the disk is full: make room");

  const std::string text = Text();

  for (const char* part :
       {"runs/ant (ant), started 2 times", "training",
        "generation 12 of 100, 1,234,567 environment steps", "3.5 in training",
        "16 of 64 done", "generation 11, 12 s ago", "1 active; 4 slots",
        "warning      the disk is full: make room", "ID        NAME",
        "0123abcd  node7", "0.4 s ago", "1,000"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(LiveStatusTest, SaysWhyARunWaitsOnce) {
  status_.set_waiting("no worker is connected: start some");
  status_.add_warnings("no worker is connected: start some");

  const std::string text = Text();

  EXPECT_THAT(text, HasSubstr("training; it waits: no worker"));
  EXPECT_THAT(text, Not(HasSubstr("warning")));
}

TEST_F(LiveStatusTest, PauseAndPhasesHaveNames) {
  status_.set_paused(true);
  status_.set_waiting("paused by an operator: resume it");
  status_.add_warnings(status_.waiting());
  EXPECT_EQ(StateName(status_), "paused");
  EXPECT_THAT(Text(), HasSubstr("state        paused\n"));
  EXPECT_THAT(Text(), HasSubstr("warning      paused by an operator"));
  status_.set_phase(v1::StatusReply::STOPPING);
  EXPECT_EQ(StateName(status_), "stopping");
  status_.set_phase(v1::StatusReply::FAILED);
  EXPECT_EQ(StateName(status_), "failed");
}

TEST_F(LiveStatusTest, ColourOnlyWhereItIsAskedForAndNeverFromTheNetwork) {
  EXPECT_THAT(Text(false), Not(HasSubstr("\033")));
  EXPECT_THAT(Text(false), HasSubstr("host?[31m<script>"));
  EXPECT_THAT(Text(true), HasSubstr("\033[32mtraining"));
}

TEST_F(LiveStatusTest, JsonHoldsTheSame) {
  const std::string json = ToJson("runs/ant", status_, workers_).text();

  for (const char* part :
       {R"("run":"runs/ant")", R"("state":"training")", R"("live":true)",
        R"("generation":12)", R"("env_steps":1234567)",
        R"("workers":[{"id":"0123abcd","name":"node7")", R"("warnings":[])"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
  EXPECT_THAT(json, Not(HasSubstr("return_mean"))) << "not known yet";
}

}  // namespace
}  // namespace starling
