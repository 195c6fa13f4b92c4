// Draws a simulation into memory: no window, no display.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Renderer> renderer,
//                    Renderer::Create(*model, {.height = 84, .width = 84}));
//   RETURN_IF_ERROR(renderer->Render(data.get(), rgb));
//
// Pictures are equal each time on one machine with one driver; between drivers
// they differ by a few levels. A renderer is made, used and destroyed on one
// thread (CHECKed). At 84 x 84 without shadows about 1 ms a picture in software
// on one core; shadows multiply that by 20 and more.
#ifndef STARLING_ENVS_MUJOCO_RENDERER_H_
#define STARLING_ENVS_MUJOCO_RENDERER_H_

#include <mujoco/mujoco.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "envs/mujoco/headless_gl.h"
#include "envs/mujoco/model.h"

namespace starling {

// The defaults are for observations: fast and plain.
struct RendererOptions {
  // Pixels, in [1, 4096].
  int height = 84;
  int width = 84;
  // Shadows and smooth edges.
  bool fine = false;
  // Name of a camera of the model. Empty: its first tracking camera; without
  // one, a view of the whole scene that follows the heaviest body if that can
  // move about.
  std::string camera = "";
  std::string egl_library = kEglLibrary;
};

class Renderer {
 public:
  // NotFound: no EGL on this machine (with the packages to install) or no such
  // camera (with the names there are); Internal: the engine's own message.
  static absl::StatusOr<std::unique_ptr<Renderer>> Create(
      const MujocoModel& model, const RendererOptions& options);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // Draws the bodies where `data`, of the same model, has them; leaves the
  // simulation's state as it is. rgb [height, width, 3], top row first.
  absl::Status Render(mjData* data, uint8_t* rgb);

  int height() const { return options_.height; }
  int width() const { return options_.width; }
  // The graphics driver's own name.
  const std::string& driver() const { return gl_->renderer(); }

 private:
  explicit Renderer(const RendererOptions& options);
  absl::Status Open(const MujocoModel& model);

  struct Engine;  // MuJoCo's own drawing state
  const RendererOptions options_;
  std::unique_ptr<HeadlessGl> gl_;
  std::unique_ptr<Engine> engine_;
};

// Pictures for people, of any size: a fine renderer that is made when it is
// first needed. For one simulation and one thread.
class PictureMaker {
 public:
  // False if this machine can't draw; the reason is in the log, once.
  bool Draw(const MujocoModel& model, mjData* data, int height, int width,
            uint8_t* rgb);

 private:
  std::unique_ptr<Renderer> renderer_;
  bool cannot_draw_ = false;
};

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_RENDERER_H_
