#include "envs/mujoco/headless_gl.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dlfcn.h>
#include <stdlib.h>

#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr char kRemedy[] =
    "pictures need EGL: apt-get install --no-install-recommends libegl1 "
    "libegl-mesa0 libgl1-mesa-dri";

// From GL/gl.h, which nothing else here needs.
constexpr unsigned kGlRenderer = 0x1F01;
using GetStringFunction = const unsigned char* (*)(unsigned name);

}  // namespace

// What is used of libEGL.
struct HeadlessGl::Functions {
  decltype(&eglGetProcAddress) get_proc_address;
  decltype(&eglQueryString) query_string;
  decltype(&eglGetError) get_error;
  decltype(&eglInitialize) initialize;
  decltype(&eglBindAPI) bind_api;
  decltype(&eglChooseConfig) choose_config;
  decltype(&eglCreateContext) create_context;
  decltype(&eglDestroyContext) destroy_context;
  decltype(&eglMakeCurrent) make_current;
  decltype(&eglGetCurrentContext) get_current_context;
  decltype(&eglGetDisplay) get_display;
  // Extensions; null where they are missing.
  PFNEGLGETPLATFORMDISPLAYEXTPROC get_platform_display = nullptr;
  PFNEGLQUERYDEVICESEXTPROC query_devices = nullptr;
  PFNEGLQUERYDEVICESTRINGEXTPROC query_device_string = nullptr;

  static absl::StatusOr<std::unique_ptr<Functions>> Load(
      const std::string& library);

  // Graphics cards first, then software.
  std::vector<EGLDisplay> Displays() const;

  std::string Error() const { return absl::StrFormat("0x%x", get_error()); }

  template <typename Function>
  void Extension(const char* name, Function* function) const {
    *function = reinterpret_cast<Function>(get_proc_address(name));
  }
};

absl::StatusOr<std::unique_ptr<HeadlessGl::Functions>>
HeadlessGl::Functions::Load(const std::string& library) {
  // Global, since MuJoCo looks there for eglGetProcAddress. It stays loaded:
  // drivers do not like to be unloaded.
  void* handle =
      dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  if (handle == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("can't load ", library, ": ", dlerror(), "; ", kRemedy));
  }
  auto egl = std::make_unique<Functions>();
  const char* missing = nullptr;
  const auto find = [&](const char* name, auto* function) {
    void* symbol = dlsym(handle, name);
    if (symbol == nullptr) missing = name;
    *function =
        reinterpret_cast<std::remove_pointer_t<decltype(function)>>(symbol);
  };
  find("eglGetProcAddress", &egl->get_proc_address);
  find("eglQueryString", &egl->query_string);
  find("eglGetError", &egl->get_error);
  find("eglInitialize", &egl->initialize);
  find("eglBindAPI", &egl->bind_api);
  find("eglChooseConfig", &egl->choose_config);
  find("eglCreateContext", &egl->create_context);
  find("eglDestroyContext", &egl->destroy_context);
  find("eglMakeCurrent", &egl->make_current);
  find("eglGetCurrentContext", &egl->get_current_context);
  find("eglGetDisplay", &egl->get_display);
  if (missing != nullptr) {
    return absl::NotFoundError(
        absl::StrCat(library, " has no function ", missing, "; ", kRemedy));
  }
  egl->Extension("eglGetPlatformDisplayEXT", &egl->get_platform_display);
  egl->Extension("eglQueryDevicesEXT", &egl->query_devices);
  egl->Extension("eglQueryDeviceStringEXT", &egl->query_device_string);
  return egl;
}

std::vector<EGLDisplay> HeadlessGl::Functions::Displays() const {
  std::vector<EGLDisplay> displays;
  const auto add = [&](EGLDisplay display) {
    if (display != EGL_NO_DISPLAY) displays.push_back(display);
  };
  if (get_platform_display != nullptr) {
    // Software renderers are devices, too: they come last, by their own way.
    std::array<EGLDeviceEXT, 16> devices;
    EGLint num_devices = 0;
    if (query_devices != nullptr && query_device_string != nullptr) {
      query_devices(devices.size(), devices.data(), &num_devices);
    }
    for (EGLint i = 0; i < num_devices; ++i) {
      const char* extensions = query_device_string(devices[i], EGL_EXTENSIONS);
      if (extensions != nullptr &&
          absl::StrContains(extensions, "EGL_MESA_device_software")) {
        continue;
      }
      add(get_platform_display(EGL_PLATFORM_DEVICE_EXT, devices[i], nullptr));
    }
    add(get_platform_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY,
                             nullptr));
  }
  add(get_display(EGL_DEFAULT_DISPLAY));
  return displays;
}

absl::StatusOr<std::unique_ptr<HeadlessGl>> HeadlessGl::Create(
    const std::string& library) {
  ASSIGN_OR_RETURN(std::unique_ptr<Functions> egl, Functions::Load(library));
  const EGLint config_attributes[] = {EGL_RED_SIZE,
                                      8,
                                      EGL_GREEN_SIZE,
                                      8,
                                      EGL_BLUE_SIZE,
                                      8,
                                      EGL_DEPTH_SIZE,
                                      24,
                                      EGL_STENCIL_SIZE,
                                      8,
                                      EGL_SURFACE_TYPE,
                                      EGL_PBUFFER_BIT,
                                      EGL_RENDERABLE_TYPE,
                                      EGL_OPENGL_BIT,
                                      EGL_NONE};
  std::string reason = "there is no display";
  for (EGLDisplay display : egl->Displays()) {
    // Displays are shared by all contexts of the process: never terminated.
    EGLint num_configs = 0;
    EGLConfig config;
    if (!egl->initialize(display, nullptr, nullptr)) {
      reason = absl::StrCat("eglInitialize fails with ", egl->Error());
      continue;
    }
    if (!egl->bind_api(EGL_OPENGL_API) ||
        !egl->choose_config(display, config_attributes, &config, 1,
                            &num_configs) ||
        num_configs < 1) {
      reason = absl::StrCat("there is no OpenGL (", egl->Error(), ")");
      continue;
    }
    EGLContext context =
        egl->create_context(display, config, EGL_NO_CONTEXT, nullptr);
    if (context == EGL_NO_CONTEXT) {
      reason = absl::StrCat("eglCreateContext fails with ", egl->Error());
      continue;
    }
    // Pictures are drawn into buffers of MuJoCo's own: no surface.
    if (!egl->make_current(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context)) {
      reason = absl::StrCat("eglMakeCurrent fails with ", egl->Error());
      egl->destroy_context(display, context);
      continue;
    }
    return std::unique_ptr<HeadlessGl>(
        new HeadlessGl(std::move(egl), display, context));
  }
  return absl::NotFoundError(
      absl::StrCat("no graphics driver works: ", reason, "; ", kRemedy));
}

HeadlessGl::HeadlessGl(std::unique_ptr<Functions> egl, void* display,
                       void* context)
    : egl_(std::move(egl)),
      display_(display),
      context_(context),
      thread_(std::this_thread::get_id()) {
  GetStringFunction get_string;
  egl_->Extension("glGetString", &get_string);
  const unsigned char* name =
      get_string == nullptr ? nullptr : get_string(kGlRenderer);
  renderer_ = name == nullptr ? "unknown" : reinterpret_cast<const char*>(name);
}

HeadlessGl::~HeadlessGl() {
  CHECK(thread_ == std::this_thread::get_id())
      << "an OpenGL context belongs to the thread that made it";
  egl_->make_current(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  egl_->destroy_context(display_, context_);
}

void HeadlessGl::MakeCurrent() {
  CHECK(thread_ == std::this_thread::get_id())
      << "an OpenGL context belongs to the thread that made it";
  if (egl_->get_current_context() == context_) return;
  CHECK(egl_->make_current(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_))
      << "eglMakeCurrent fails with " << egl_->Error();
}

void DrawOnOneThread() { setenv("LP_NUM_THREADS", "0", /*replace=*/0); }

}  // namespace starling
