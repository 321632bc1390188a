"""Writes a frozen TensorFlow graph of dense layers as ONNX, so that ONNX Runtime can be its peer: twin.py GRAPH.pb OUT.onnx"""
import os, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import onnx
import tensorflow as tf

graph = tf.compat.v1.GraphDef.FromString(open(sys.argv[1], "rb").read())
names = {"MatMul": "MatMul", "BiasAdd": "Add", "Add": "Add", "AddV2": "Add", "Relu": "Relu", "Sigmoid": "Sigmoid", "Softmax": "Softmax", "Tanh": "Tanh"}
weights = {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph.node if node.op == "Const"}
nodes = [onnx.helper.make_node(names[node.op], list(node.input), [node.name], name=node.name) for node in graph.node if node.op not in ("Const", "Placeholder")]
first = next(node.name for node in graph.node if node.op == "Placeholder")
width = next(len(array) for array in weights.values() if array.ndim == 2)
made = onnx.helper.make_graph(nodes, "twin", [onnx.helper.make_tensor_value_info(first, 1, ["N", width])], [onnx.helper.make_tensor_value_info(nodes[-1].output[0], 1, None)], [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()])
onnx.save(onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), sys.argv[2])
