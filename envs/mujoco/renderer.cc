#include "envs/mujoco/renderer.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr int kMaxPixels = 4096;
constexpr int kMaxGeoms = 4000;
constexpr int kShadowMapSize = 1024;  // the engine's own 4096 is twice as slow
constexpr int kSamples = 4;           // a pixel, for smooth edges
constexpr float kMinFloor = 10;       // metres to each side

// The engine's table of OpenGL functions is filled by every new context.
std::mutex& MakeContextMutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

std::vector<std::string> CameraNames(const mjModel* model) {
  std::vector<std::string> names;
  for (int i = 0; i < model->ncam; ++i) {
    const char* name = mj_id2name(model, mjOBJ_CAMERA, i);
    if (name != nullptr) names.push_back(name);
  }
  return names;
}

// The robot: the heaviest body that hangs on the world, if it can move in at
// least two directions; otherwise -1.
int MovingBody(const mjModel* model) {
  int heaviest = -1;
  for (int body = 1; body < model->nbody; ++body) {
    if (model->body_parentid[body] != 0 || model->body_jntnum[body] == 0) {
      continue;
    }
    if (heaviest < 0 ||
        model->body_subtreemass[body] > model->body_subtreemass[heaviest]) {
      heaviest = body;
    }
  }
  if (heaviest < 0) return -1;
  int directions = 0;
  const int first = model->body_jntadr[heaviest];
  for (int j = first; j < first + model->body_jntnum[heaviest]; ++j) {
    if (model->jnt_type[j] == mjJNT_FREE) directions += 3;
    if (model->jnt_type[j] == mjJNT_SLIDE) directions += 1;
  }
  return directions >= 2 ? heaviest : -1;
}

struct View {
  mjvCamera camera;
  int followed_body = -1;  // the camera looks at its centre of mass
};

absl::StatusOr<View> ChooseView(const mjModel* model, const std::string& name) {
  View view;
  mjv_defaultFreeCamera(model, &view.camera);
  int id = -1;
  if (!name.empty()) {
    id = mj_name2id(model, mjOBJ_CAMERA, name.c_str());
    if (id < 0) {
      return absl::NotFoundError(
          absl::StrCat("the model has no camera ", name,
                       "; it has: ", absl::StrJoin(CameraNames(model), ", ")));
    }
  } else {
    for (int i = 0; i < model->ncam && id < 0; ++i) {
      const int mode = model->cam_mode[i];
      if (mode == mjCAMLIGHT_TRACK || mode == mjCAMLIGHT_TRACKCOM) id = i;
    }
  }
  if (id >= 0) {
    view.camera.type = mjCAMERA_FIXED;
    view.camera.fixedcamid = id;
  } else {
    view.followed_body = MovingBody(model);
  }
  return view;
}

// Metres after which the pattern of a plane repeats along one of its axes.
float TileSize(const mjModel* model, const mjvGeom& plane, int axis) {
  const float half = plane.size[axis];
  if (plane.matid < 0 ||
      model->mat_texid[plane.matid * mjNTEXROLE + mjTEXROLE_RGB] < 0) {
    return half / 4;  // of one colour
  }
  const float repeats = model->mat_texrepeat[2 * plane.matid + axis];
  if (!(repeats > 0)) return 2 * half;
  return model->mat_texuniform[plane.matid] ? 1 / repeats : 2 * half / repeats;
}

// For the robot a plane has no end, in pictures it has one: so floors go with
// the camera, by whole tiles.
void MoveFloors(const mjModel* model, mjvScene* scene) {
  const float* eye = scene->camera[0].pos;
  for (int i = 0; i < scene->ngeom; ++i) {
    mjvGeom& geom = scene->geoms[i];
    if (geom.type != mjGEOM_PLANE || geom.objtype != mjOBJ_GEOM) continue;
    for (int axis = 0; axis < 2; ++axis) {
      if (geom.size[axis] < kMinFloor) continue;
      float distance = 0;
      for (int k = 0; k < 3; ++k) {
        distance += geom.mat[3 * k + axis] * (eye[k] - geom.pos[k]);
      }
      const float tile = TileSize(model, geom, axis);
      const float shift = tile * std::round(distance / tile);
      for (int k = 0; k < 3; ++k) geom.pos[k] += shift * geom.mat[3 * k + axis];
    }
  }
}

}  // namespace

struct Renderer::Engine {
  mjModel* model = nullptr;  // a copy with its own visual settings
  View view;
  mjvOption option;
  mjvScene scene;
  mjrContext context;

  Engine() {
    mjv_defaultOption(&option);
    mjv_defaultScene(&scene);
    mjr_defaultContext(&context);
  }
  ~Engine() {
    mjr_freeContext(&context);
    mjv_freeScene(&scene);
    mj_deleteModel(model);
  }
};

absl::StatusOr<std::unique_ptr<Renderer>> Renderer::Create(
    const MujocoModel& model, const RendererOptions& options) {
  for (const int pixels : {options.height, options.width}) {
    if (pixels < 1 || pixels > kMaxPixels) {
      return absl::InvalidArgumentError(
          absl::StrCat("a picture must have 1 to ", kMaxPixels,
                       " pixels in height and width, got ", options.height,
                       " x ", options.width));
    }
  }
  std::unique_ptr<Renderer> renderer(new Renderer(options));
  RETURN_IF_ERROR(renderer->Open(model));
  return renderer;
}

absl::Status Renderer::Open(const MujocoModel& model) {
  ASSIGN_OR_RETURN(gl_, HeadlessGl::Create(options_.egl_library));
  LOG_FIRST_N(INFO, 1) << "pictures are drawn by " << driver();
  engine_ = std::make_unique<Engine>();
  Engine* engine = engine_.get();
  engine->model = mj_copyModel(nullptr, model.get());
  if (engine->model == nullptr) {
    return absl::ResourceExhaustedError("no memory for a copy of the model");
  }
  engine->model->vis.global.offheight = options_.height;
  engine->model->vis.global.offwidth = options_.width;
  engine->model->vis.quality.offsamples = options_.fine ? kSamples : 0;
  engine->model->vis.quality.shadowsize = options_.fine ? kShadowMapSize : 0;
  ASSIGN_OR_RETURN(engine->view, ChooseView(engine->model, options_.camera));

  std::lock_guard<std::mutex> lock(MakeContextMutex());
  RETURN_IF_ERROR(GuardEngine([engine] {
    mjv_makeScene(engine->model, &engine->scene, kMaxGeoms);
    mjr_makeContext(engine->model, &engine->context, mjFONTSCALE_100);
    mjr_setBuffer(mjFB_OFFSCREEN, &engine->context);
  }));
  if (engine->context.currentBuffer != mjFB_OFFSCREEN ||
      engine->context.offWidth < options_.width ||
      engine->context.offHeight < options_.height) {
    return absl::InternalError(
        absl::StrCat(driver(), " has no offscreen buffer of ", options_.height,
                     " x ", options_.width));
  }
  engine->scene.flags[mjRND_SHADOW] = options_.fine;
  engine->scene.flags[mjRND_REFLECTION] = 0;
  return absl::OkStatus();
}

Renderer::Renderer(const RendererOptions& options) : options_(options) {}

Renderer::~Renderer() {
  if (gl_ != nullptr) gl_->MakeCurrent();
}

absl::Status Renderer::Render(mjData* data, uint8_t* rgb) {
  gl_->MakeCurrent();
  const mjrRect whole = {0, 0, options_.width, options_.height};
  Engine* engine = engine_.get();
  if (engine->view.followed_body >= 0) {
    // Not the engine's own tracking: a picture depends on `data` alone.
    mju_copy3(engine->view.camera.lookat,
              data->subtree_com + 3 * engine->view.followed_body);
  }
  RETURN_IF_ERROR(GuardEngine([=] {
    mjv_updateScene(engine->model, data, &engine->option, nullptr,
                    &engine->view.camera, mjCAT_ALL, &engine->scene);
    MoveFloors(engine->model, &engine->scene);
    mjr_render(whole, &engine->scene, &engine->context);
    mjr_readPixels(rgb, nullptr, whole, &engine->context);
  }));
  // OpenGL's first row is the lowest one.
  const int64_t row = int64_t{3} * options_.width;
  for (int upper = 0, lower = options_.height - 1; upper < lower;
       ++upper, --lower) {
    std::swap_ranges(rgb + upper * row, rgb + (upper + 1) * row,
                     rgb + lower * row);
  }
  return absl::OkStatus();
}

bool PictureMaker::Draw(const MujocoModel& model, mjData* data, int height,
                        int width, uint8_t* rgb) {
  if (cannot_draw_) return false;
  if (renderer_ == nullptr || renderer_->height() != height ||
      renderer_->width() != width) {
    renderer_ = nullptr;
    absl::StatusOr<std::unique_ptr<Renderer>> renderer = Renderer::Create(
        model, {.height = height, .width = width, .fine = true});
    if (!renderer.ok()) {
      LOG(ERROR) << "can't draw " << model.xml_file() << ": "
                 << renderer.status().message();
      cannot_draw_ = true;
      return false;
    }
    renderer_ = *std::move(renderer);
  }
  const absl::Status drawn = renderer_->Render(data, rgb);
  LOG_IF(ERROR, !drawn.ok())
      << "can't draw " << model.xml_file() << ": " << drawn.message();
  cannot_draw_ = !drawn.ok();
  return drawn.ok();
}

}  // namespace starling
