// Flags and arguments with strict values: numbers in decimal, within bounds,
// or an error that quotes the value and says what is taken.
#ifndef STARLING_DEPLOY_CLI_FLAGS_H_
#define STARLING_DEPLOY_CLI_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

namespace starling {

// `name` as CLI11 wants it: "--seed", or "POLICY" for an argument by position.
// Each returns the option, for ->required() and the like.

// An integer in [min, max]; `value` keeps its default if the flag is absent.
CLI::Option* AddInteger(CLI::App& app, const std::string& name, int* value,
                        int min, int max, const std::string& help);

// An integer in [0, 2^64).
CLI::Option* AddSeed(CLI::App& app, const std::string& name, uint64_t* value,
                     const std::string& help);

// A finite number in [min, max].
CLI::Option* AddNumber(CLI::App& app, const std::string& name, double* value,
                       double min, double max, const std::string& help);

// A text that is not empty; `value_name` stands for it in the help ("FILE").
CLI::Option* AddText(CLI::App& app, const std::string& name, std::string* value,
                     const std::string& value_name, const std::string& help);

// A text that must be one of `choices`.
CLI::Option* AddChoice(CLI::App& app, const std::string& name,
                       std::string* value,
                       const std::vector<std::string>& choices,
                       const std::string& help);

// A flag that may be repeated, one text each time: --set a=1 --set b=2.
CLI::Option* AddRepeated(CLI::App& app, const std::string& name,
                         std::vector<std::string>* values,
                         const std::string& value_name,
                         const std::string& help);

// An argument by position, of one or more texts.
CLI::Option* AddPositional(CLI::App& app, const std::string& name,
                           std::string* value, const std::string& help);
CLI::Option* AddPositionals(CLI::App& app, const std::string& name,
                            std::vector<std::string>* values,
                            const std::string& help);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_FLAGS_H_
