#include "deploy/export/c_header.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace starling {
namespace {

// Text as it may stand in a comment: whoever wrote it can't end that, nor begin
// another.
std::string InComment(absl::string_view text) {
  std::string safe;
  for (const char c : text) {
    const char before = safe.empty() ? ' ' : safe.back();
    const bool is_mark =
        (before == '*' && c == '/') || (before == '/' && c == '*');
    safe += is_mark || c == '\\' || !absl::ascii_isprint(c) ? ' ' : c;
  }
  return safe;
}

std::string Channels(
    const google::protobuf::RepeatedPtrField<v1::Channel>& channels,
    bool has_bounds) {
  std::string text;
  int i = 0;
  for (const v1::Channel& channel : channels) {
    absl::StrAppend(&text, " *   [", i++, "] ", InComment(channel.name()));
    if (!channel.unit().empty())
      absl::StrAppend(&text, ", ", InComment(channel.unit()));
    if (has_bounds) {
      absl::StrAppend(&text, ", in [", channel.low(), ", ", channel.high(),
                      "]");
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string CSignature(const std::string& name) {
  return absl::StrCat("void ", name, "_act(const float *state, float *action)");
}

std::string CHeader(const v1::ExportedPolicy& model, const std::string& name,
                    const CSource& sizes) {
  const std::string upper = absl::AsciiStrToUpper(name);
  const v1::Contract& contract = model.contract();
  const v1::Provenance& from = model.provenance();
  return absl::StrCat(
      "/* A controller, made by Starling ", InComment(from.starling_version()),
      " from ", InComment(from.experiment()), ", seed ", from.seed(),
      ", generation ", from.generation(),
      ".\n *\n * state, in this order, raw:\n",
      Channels(contract.observations(), false),
      " *\n * action, ready for the actuators:\n",
      Channels(contract.actions(), contract.num_choices() == 0),
      contract.control_period_s() > 0
          ? absl::StrCat(" *\n * One action every ",
                         contract.control_period_s(), " s.\n")
          : "",
      " *\n * Normalisation, scaling and bounds are inside. A state that is "
      "not finite can\n * give an action that is not a number: check what "
      "you send.\n *\n * Memory, on a Cortex-M4 or M7 with gcc at -Os or "
      "-O2: at most ",
      sizes.flash_bytes, " bytes of\n * flash, of which ", sizes.data_bytes,
      " are constants, and ", sizes.stack_bytes,
      " bytes of stack. No other RAM, no\n * heap, nothing that is kept "
      "between calls: safe to call from any thread.\n * Compile without "
      "contraction of floating-point expressions "
      "(-ffp-contract=off).\n */\n#ifndef ",
      upper, "_H_\n#define ", upper, "_H_\n\n#define ", upper, "_STATE_SIZE ",
      contract.observations_size(), "\n#define ", upper, "_ACTION_SIZE ",
      contract.actions_size(),
      "\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", CSignature(name),
      ";\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

}  // namespace starling
