"""Checks ONNX files with ONNX's own checker, shape inference included.

Prints the operator set version that it knows, then a line for each file: its
path and "ok", or what is wrong with it.
"""

import sys

import onnx

print(onnx.defs.onnx_opset_version())
for path in sys.argv[1:]:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        # The names of dimensions survive only if what is inferred agrees.
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        print(path, "ok")
    except Exception as error:
        print(path, str(error).replace("\n", " "))
