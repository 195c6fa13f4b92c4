// A library for LD_PRELOAD that puts a fault into the physics of some episodes:
// a real one, where a broken environment would have it.
//
//   STARLING_FAULT         what happens in an episode's first physics step:
//                            segfault  writes to memory that can't be written
//                            abort     calls abort
//                            hang      never returns
//                          or in each step of it:
//                            slow      sleeps STARLING_FAULT_MS (default 2)
//                            lie       changes a velocity by a millionth
//                          or as long as the process lives:
//                            old       MuJoCo says that it is version 2.1.0
//   STARLING_FAULT_ONE_IN  one in so many episodes is hit, default 1
//   STARLING_FAULT_WHEN    and none that begins before this file is there
//
// Which ones is a function of the state right after the reset, hence of the
// episode's seed alone: every process hits the same.
#include <dlfcn.h>
#include <mujoco/mujoco.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

const char* Setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value != nullptr ? value : otherwise;
}

bool Is(const char* fault) {
  return strcmp(Setting("STARLING_FAULT", ""), fault) == 0;
}

// FNV-1a over positions and velocities.
uint64_t Hash(const mjModel* model, const mjData* data) {
  uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](const mjtNum* numbers, int n) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(numbers);
    for (size_t i = 0; i < n * sizeof(mjtNum); ++i) {
      hash = (hash ^ bytes[i]) * 1099511628211u;
    }
  };
  add(data->qpos, model->nq);
  add(data->qvel, model->nv);
  return hash ^ hash >> 29;
}

bool IsHit(const mjModel* model, const mjData* data) {
  const uint64_t one_in =
      strtoull(Setting("STARLING_FAULT_ONE_IN", "1"), nullptr, 10);
  return one_in > 0 && Hash(model, data) % one_in == 0;
}

bool IsTime() {
  return access(Setting("STARLING_FAULT_WHEN", "/"), F_OK) == 0;
}

void Segfault() {
  void* page =
      mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *static_cast<volatile char*>(page) = 1;
}

}  // namespace

// Stand before MuJoCo's own.
extern "C" __attribute__((visibility("default"))) const char*
mj_versionString() {
  using Version = const char* (*)();
  static const Version version =
      reinterpret_cast<Version>(dlsym(RTLD_NEXT, "mj_versionString"));
  return Is("old") ? "2.1.0" : version();
}

extern "C" __attribute__((visibility("default"))) void mj_step(
    const mjModel* model, mjData* data) {
  using Step = void (*)(const mjModel*, mjData*);
  static const Step step = reinterpret_cast<Step>(dlsym(RTLD_NEXT, "mj_step"));
  static thread_local bool is_hit = false;
  if (data->time == 0) {
    is_hit = IsTime() && IsHit(model, data);
    if (is_hit && Is("segfault")) Segfault();
    if (is_hit && Is("abort")) abort();
    while (is_hit && Is("hang")) pause();
  }
  if (is_hit && Is("slow")) {
    usleep(1000 * atoi(Setting("STARLING_FAULT_MS", "2")));
  }
  step(model, data);
  if (is_hit && Is("lie")) data->qvel[0] += 1e-6;
}
