# SPDX-License-Identifier: Apache-2.0
"""A libFuzzer target and the test that runs its seeds."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, deps):
    """NAME.cc defines LLVMFuzzerTestOneInput.

    NAME is the fuzzer under --config=fuzz; in other builds it runs the files
    and folders that it is given. NAME_test does so with corpus/NAME.
    """
    cc_library(
        name = name + "_input",
        testonly = True,
        srcs = [name + ".cc"],
        deps = deps,
        alwayslink = True,
    )
    cc_binary(
        name = name,
        testonly = True,
        linkopts = select({
            ":fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["manual"],
        deps = [":" + name + "_input"] + select({
            ":fuzzing": [],
            "//conditions:default": [":replay"],
        }),
    )
    cc_test(
        name = name + "_test",
        args = ["testing/fuzz/corpus/" + name],
        data = native.glob(["corpus/" + name + "/*"]),
        deps = [
            ":" + name + "_input",
            ":replay",
        ],
    )
