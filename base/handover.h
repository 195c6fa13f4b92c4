// Tells the thread sanitizer (`--config=tsan`) what it can't see: that a
// library that isn't built for it hands an object from one thread to another.
// Without the sanitizer these functions do nothing.
//
//   HandOver(call);                       // what this thread did to it so far ..
//   stub->async()->Work(..., [call] {
//     TakeOver(call);                     // .. this thread sees
#ifndef STARLING_BASE_HANDOVER_H_
#define STARLING_BASE_HANDOVER_H_

#ifdef __SANITIZE_THREAD__
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace starling {

#ifdef __SANITIZE_THREAD__
inline void HandOver(const void* object) {
  __tsan_release(const_cast<void*>(object));
}
inline void TakeOver(const void* object) {
  __tsan_acquire(const_cast<void*>(object));
}
#else
inline void HandOver(const void*) {}
inline void TakeOver(const void*) {}
#endif

}  // namespace starling

#endif  // STARLING_BASE_HANDOVER_H_
