"""Macros of the project: protobuf code and tables of plug-ins."""

def starling_proto(name, deps = [], service = False):
    """C++ code of `<name>.proto` as the library `name`.

    Args:
      name: stem of the .proto file and name of the library.
      deps: libraries of the files that it imports, as labels of this package.
      service: also generate the gRPC service.
    """
    imports = [dep[1:] + ".proto" for dep in deps]
    outs = [name + ".pb.h", name + ".pb.cc"]
    grpc_outs = [name + ".grpc.pb.h", name + ".grpc.pb.cc"] if service else []
    plugin = ("--grpc_out=$(GENDIR) " +
              "--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin ")
    native.genrule(
        name = name + "_code",
        srcs = [name + ".proto"] + [":" + dep[1:] + "_files" for dep in deps],
        outs = outs + grpc_outs,
        cmd = "/usr/bin/protoc -I. --cpp_out=$(GENDIR) " +
              (plugin if service else "") + "$(location " + name + ".proto)",
    )
    native.filegroup(
        name = name + "_files",
        srcs = [name + ".proto"] + [":" + dep[1:] + "_files" for dep in deps],
    )
    native.cc_library(
        name = name,
        srcs = [name + ".pb.cc"],
        hdrs = [name + ".pb.h"],
        deps = deps + ["@system//:protobuf"],
    )
    if service:
        native.cc_library(
            name = name + "_service",
            srcs = [name + ".grpc.pb.cc"],
            hdrs = [name + ".grpc.pb.h"],
            deps = [":" + name, "@system//:grpc"],
        )

def plugins(table, deps, test_deps = []):
    """A library and a unit test for every plug-in of this folder.

    A plug-in is one file `<name>.cc` that registers itself; its test is
    `<name>_test.cc`. The library is linked whole, since nothing refers to it.

    Args:
      table: name -> further dependencies of that plug-in.
      deps: what every plug-in of the folder needs.
      test_deps: what every test needs besides its plug-in.
    """
    for name, extra in table.items():
        native.cc_library(
            name = name,
            srcs = [name + ".cc"],
            alwayslink = True,
            deps = deps + extra,
        )
        native.cc_test(
            name = name + "_test",
            size = "small",
            srcs = [name + "_test.cc"],
            deps = [":" + name, "@system//:gtest_main"] + deps + extra + test_deps,
        )
    native.cc_library(
        name = "plugins",
        deps = [":" + name for name in table],
    )
