// The header of exported C: what goes in, what comes out, what it takes.
#ifndef STARLING_DEPLOY_EXPORT_C_HEADER_H_
#define STARLING_DEPLOY_EXPORT_C_HEADER_H_

#include <string>

#include "deploy/export/c_source.h"
#include "proto/model.pb.h"

namespace starling {

// The function's, without a semicolon.
std::string CSignature(const std::string& name);

// Of `sizes` only the bytes are read.
std::string CHeader(const v1::ExportedPolicy& model, const std::string& name,
                    const CSource& sizes);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_C_HEADER_H_
