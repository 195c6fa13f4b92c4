#include "aggregator/signature.h"

#include "aggregator/storage_test_support.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

// Digests by Python's hashlib and struct:
//   sha256(struct.pack('<Q3fQ', 3, 1, -.5, .25, 0) + struct.pack('<Q', 0))
TEST(SignatureTest, HasTheDocumentedBytesWithoutNormaliser) {
  const float mean[] = {1.0f, -0.5f, 0.25f};

  EXPECT_EQ(Signature(mean, nullptr, ""),
            "da0a174457a5809bfe455bbe22f724cf96d05b3674c437d051235218a76f3673");
}

// The same, k = 2, then for each coordinate count, sum, sum of squares, the
// 128-bit ones by int.to_bytes(16, 'little', signed=True); then b'abc'.
TEST(SignatureTest, HasTheDocumentedBytesWithNormaliserAndController) {
  const float mean[] = {1.0f, -0.5f, 0.25f};
  const Moments moments = *Moments::FromProto(SmallMoments(), 2);

  EXPECT_EQ(Signature(mean, &moments, "abc"),
            "9c8411d4d0662e4ece1d38e27ce3b97c7ff45fa74f308d45b983ecdb189a0d0f");
}

TEST(SignatureTest, LastIsOfTheCentreAndBestOfTheBestPolicy) {
  v1::Checkpoint checkpoint = SmallCheckpoint(4);
  EXPECT_TRUE(absl::IsNotFound(BestSignature(checkpoint).status()));
  checkpoint.mutable_experiment()->mutable_normalizer()->set_enabled(false);
  for (const float x : {1.0f, 2.0f, 3.0f}) {
    checkpoint.mutable_best()->add_mean(x);
  }
  const float centre[] = {1.0f, -0.5f, 0.25f};
  const float best[] = {1.0f, 2.0f, 3.0f};

  EXPECT_EQ(*LastSignature(checkpoint), Signature(centre, nullptr, ""));
  EXPECT_EQ(*BestSignature(checkpoint), Signature(best, nullptr, ""));
}

TEST(SignatureTest, ANormaliserThatHasSeenNothingCountsItsCoordinates) {
  v1::Checkpoint checkpoint = SmallCheckpoint(4);
  const float centre[] = {1.0f, -0.5f, 0.25f};
  const Moments zeros(2);

  EXPECT_EQ(*LastSignature(checkpoint), Signature(centre, &zeros, ""));
  *checkpoint.mutable_state()->mutable_moments() = zeros.ToProto();
  EXPECT_EQ(*LastSignature(checkpoint), Signature(centre, &zeros, ""));
}

TEST(SignatureTest, MomentsOfAnotherSizeAreDataLoss) {
  v1::Checkpoint checkpoint = SmallCheckpoint(4);
  *checkpoint.mutable_state()->mutable_moments() = SmallMoments();
  checkpoint.mutable_env_spec()->set_state_size(3);

  EXPECT_TRUE(absl::IsDataLoss(LastSignature(checkpoint).status()));
}

}  // namespace
}  // namespace starling
