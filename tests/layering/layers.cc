#include "tests/layering/layers.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace starling {
namespace {

using Folders = std::set<std::string>;

// Top-level folder -> top-level folders it may include.
const std::map<std::string, Folders>& MayInclude() {
  static const auto* table = new std::map<std::string, Folders>{
      {"proto", {"proto"}},
      {"base", {"base", "proto"}},
      {"policies", {"policies", "base", "proto"}},
      {"envs", {"envs", "base", "proto"}},
      {"nas", {"nas", "base", "proto"}},
      {"aggregator", {"aggregator", "policies", "nas", "base", "proto"}},
      {"workers", {"workers", "policies", "envs", "base", "proto"}},
      {"deploy",
       {"deploy", "aggregator", "workers", "policies", "envs", "nas", "base",
        "proto"}},
      {"tests",
       {"tests", "deploy", "aggregator", "workers", "policies", "envs", "nas",
        "base", "proto"}},
  };
  return *table;
}

// A library that few files may include: the beginnings of its headers' names
// and of the paths that may name them.
struct Library {
  std::string name;
  std::regex headers;
  std::regex allowed;
};
const std::vector<Library>& Libraries() {
  static const auto* libraries = new std::vector<Library>{
      {"gRPC", std::regex("(grpc|grpcpp|grpc\\+\\+)/.*|.*\\.grpc\\.pb\\.h"),
       std::regex("aggregator/(service|coordinator|control_service|"
                  "control_client)(_.*)?\\.(h|cc)|"
                  "workers/(worker(_.*)?|aggregator_calls)\\.(h|cc)|"
                  "base/(grpc_(status|log|setup)|channel).*|"
                  "deploy/bench/echo_server\\.(h|cc)|"
                  ".*_main\\.cc|tests/.*")},
      {"MuJoCo", std::regex("mujoco/.*"),
       std::regex("envs/mujoco/.*|tests/faults/.*_physics\\.cc")},
      {"Prometheus", std::regex("prometheus/.*"),
       std::regex("aggregator/metrics(_test)?\\.cc")},
      // Its macros break Eigen's headers.
      {"httplib", std::regex("httplib\\.h"),
       std::regex("aggregator/http_server\\.cc")},
      {"OpenCV", std::regex("opencv2/.*|opencv/.*"),
       std::regex("envs/pixels/.*|deploy/media/.*|"
                  "deploy/export/onnx_run\\.cc")},
  };
  return *libraries;
}

std::string TopFolder(const std::string& path) {
  return path.substr(0, path.find('/'));
}

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void CheckInclude(const std::string& path, const std::string& header,
                  std::vector<std::string>* violations) {
  const std::string from = TopFolder(path), to = TopFolder(header);
  const bool is_ours = MayInclude().count(to) > 0 && to != header;
  // Unit tests lie beside the code and use the tools of all tests.
  const bool is_test_tool =
      EndsWith(path, "_test.cc") && header.rfind("tests/testing/", 0) == 0;
  if (is_ours && !is_test_tool && MayInclude().at(from).count(to) == 0) {
    violations->push_back(path + " includes " + header + ": " + from +
                          " may not look into " + to);
  }
  for (const Library& library : Libraries()) {
    if (std::regex_match(header, library.headers) &&
        !std::regex_match(path, library.allowed)) {
      violations->push_back(path + " includes " + header + ": " + library.name +
                            " is not for this file");
    }
  }
}

void CheckSource(const std::string& path, const std::string& text,
                 std::vector<std::string>* violations) {
  static const std::regex include("\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"].*");
  // Definitions alone: other libraries' names may be declared.
  static const std::regex type(
      "\\s*(?:class|struct|enum class)\\s+(?:\\[\\[\\w+\\]\\]\\s*)?"
      "(\\w*(?:Manager|Util|Helper|Context)s?)(?:[A-Z]\\w*)?"
      "\\s*(?:final\\s*)?[:{].*");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.find("include") != std::string::npos &&
        std::regex_match(line, match, include)) {
      CheckInclude(path, match[1], violations);
    } else if ((line.find("class ") != std::string::npos ||
                line.find("struct ") != std::string::npos) &&
               std::regex_match(line, match, type)) {
      violations->push_back(path + " defines " + match[1].str() +
                            ": find the noun that it stands for");
    }
  }
}

// A package may open itself only to the folders that may include it.
void CheckBuild(const std::string& path, const std::string& text,
                std::vector<std::string>* violations) {
  const std::string folder = TopFolder(path);
  if (folder == "base" || folder == "proto" || folder == "tests") return;
  static const std::regex default_visibility(
      "default_visibility\\s*=\\s*\\[([^\\]]*)\\]");
  static const std::regex label("\"//([^\"]*)\"");
  std::smatch match;
  if (!std::regex_search(text, match, default_visibility)) return;
  const std::string labels = match[1];
  for (std::sregex_iterator i(labels.begin(), labels.end(), label), end;
       i != end; ++i) {
    const std::string name = (*i)[1];
    const std::string viewer = name.substr(0, name.find_first_of("/:"));
    const auto rule = MayInclude().find(viewer);
    if (rule == MayInclude().end() || rule->second.count(folder) == 0) {
      violations->push_back(path + " opens " + folder + " to //" + name);
    }
  }
}

}  // namespace

std::vector<std::string> LayerViolations(const std::string& path,
                                         const std::string& text) {
  std::vector<std::string> violations;
  if (MayInclude().count(TopFolder(path)) == 0) return violations;
  if (EndsWith(path, "/BUILD")) {
    CheckBuild(path, text, &violations);
  } else if (EndsWith(path, ".h") || EndsWith(path, ".cc")) {
    CheckSource(path, text, &violations);
  }
  return violations;
}

}  // namespace starling
