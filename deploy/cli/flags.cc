#include "deploy/cli/flags.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/nearest.h"

namespace starling {
namespace {

// Only digits after an optional sign: no white space, no "0x", no "+".
bool IsDecimal(const std::string& text) {
  const size_t first = text.size() > 1 && text[0] == '-' ? 1 : 0;
  return !text.empty() &&
         text.find_first_not_of("0123456789", first) == std::string::npos;
}

[[noreturn]] void Refuse(const std::string& name, const std::string& text,
                         const std::string& wanted) {
  throw CLI::ValidationError(name,
                             absl::StrCat("'", text, "' is not ", wanted));
}

}  // namespace

CLI::Option* AddInteger(CLI::App& app, const std::string& name, int* value,
                        int min, int max, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [=](const std::string& text) {
            if (!IsDecimal(text) || !absl::SimpleAtoi(text, value) ||
                *value < min || *value > max) {
              Refuse(name, text,
                     absl::StrCat("an integer in [", min, ", ", max, "]"));
            }
          },
          help)
      ->type_name("N")
      ->default_str(absl::StrCat(*value));
}

CLI::Option* AddSeed(CLI::App& app, const std::string& name, uint64_t* value,
                     const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [=](const std::string& text) {
            if (!IsDecimal(text) || !absl::SimpleAtoi(text, value)) {
              Refuse(name, text, "an integer in [0, 2^64)");
            }
          },
          help)
      ->type_name("N")
      ->default_str(absl::StrCat(*value));
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, double* value,
                       double min, double max, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [=](const std::string& text) {
            if (!absl::SimpleAtod(text, value) || !std::isfinite(*value) ||
                *value < min || *value > max) {
              Refuse(name, text,
                     absl::StrCat("a number in [", min, ", ", max, "]"));
            }
          },
          help)
      ->type_name("X")
      ->default_str(absl::StrCat(*value));
}

CLI::Option* AddText(CLI::App& app, const std::string& name, std::string* value,
                     const std::string& value_name, const std::string& help) {
  CLI::Option* option = app.add_option_function<std::string>(
                               name,
                               [=](const std::string& text) {
                                 if (text.empty())
                                   Refuse(name, text, "a value: it is empty");
                                 *value = text;
                               },
                               help)
                            ->type_name(value_name);
  if (!value->empty()) option->default_str(*value);
  return option;
}

CLI::Option* AddChoice(CLI::App& app, const std::string& name,
                       std::string* value,
                       const std::vector<std::string>& choices,
                       const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [=](const std::string& text) {
            for (const std::string& choice : choices) {
              if (text == choice) {
                *value = text;
                return;
              }
            }
            const std::string nearest = Nearest(text, choices);
            Refuse(name, text,
                   absl::StrCat(
                       "one of ", absl::StrJoin(choices, ", "),
                       nearest.empty()
                           ? ""
                           : absl::StrCat("; did you mean ", nearest, "?")));
          },
          help)
      ->type_name(absl::StrJoin(choices, "|"))
      ->default_str(*value);
}

CLI::Option* AddRepeated(CLI::App& app, const std::string& name,
                         std::vector<std::string>* values,
                         const std::string& value_name,
                         const std::string& help) {
  return app.add_option(name, *values, help)
      ->type_name(value_name)
      ->allow_extra_args(false)
      ->type_size(1);
}

CLI::Option* AddPositional(CLI::App& app, const std::string& name,
                           std::string* value, const std::string& help) {
  return AddText(app, name, value, "", help)->required();
}

CLI::Option* AddPositionals(CLI::App& app, const std::string& name,
                            std::vector<std::string>* values,
                            const std::string& help) {
  return app.add_option(name, *values, help)->required()->type_name("");
}

}  // namespace starling
