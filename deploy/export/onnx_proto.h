// The messages of ONNX, by the library that Debian makes of them.
#ifndef STARLING_DEPLOY_EXPORT_ONNX_PROTO_H_
#define STARLING_DEPLOY_EXPORT_ONNX_PROTO_H_

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include "onnx/onnx_pb.h"

#endif  // STARLING_DEPLOY_EXPORT_ONNX_PROTO_H_
