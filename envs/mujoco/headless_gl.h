// An OpenGL context that needs no window and no display: EGL on a GPU where
// there is one, else Mesa's software renderer.
//
// libEGL is loaded when the first context is made, so that programs start on
// machines without it. A context is made, used and destroyed on one thread
// (CHECKed).
#ifndef STARLING_ENVS_MUJOCO_HEADLESS_GL_H_
#define STARLING_ENVS_MUJOCO_HEADLESS_GL_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

inline constexpr char kEglLibrary[] = "libEGL.so.1";

class HeadlessGl {
 public:
  // The context is current on the calling thread afterwards. NotFound, with the
  // Debian packages that mend it: `library` can't be loaded or there is no
  // driver behind it. Tens of milliseconds.
  static absl::StatusOr<std::unique_ptr<HeadlessGl>> Create(
      const std::string& library = kEglLibrary);
  ~HeadlessGl();
  HeadlessGl(const HeadlessGl&) = delete;
  HeadlessGl& operator=(const HeadlessGl&) = delete;

  // Makes it the thread's current context; cheap if it is already.
  void MakeCurrent();

  // The driver's own name: "llvmpipe (LLVM 15.0.6, 256 bits)".
  const std::string& renderer() const { return renderer_; }

 private:
  struct Functions;
  // EGLDisplay and EGLContext.
  HeadlessGl(std::unique_ptr<Functions> egl, void* display, void* context);

  const std::unique_ptr<Functions> egl_;
  void* const display_;
  void* const context_;
  const std::thread::id thread_;
  std::string renderer_;
};

// Keeps software rendering on the calling thread instead of starting a thread a
// core, unless LP_NUM_THREADS is set already: right where every core has its
// own simulation, as in workers. Call it before any thread is started.
void DrawOnOneThread();

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_HEADLESS_GL_H_
