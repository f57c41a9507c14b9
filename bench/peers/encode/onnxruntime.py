# SPDX-License-Identifier: MIT
"""onnxruntime: the body exported by torch, with the mean over tokens in the graph.

fp32        the graph that onnxruntime.transformers' optimizer makes: EmbedLayerNormalization, Attention, BiasGelu ...
fp32-plain  the graph as exported, and what the session's own optimisations make of it
int8        the graph of fp32 with quantize_dynamic, a scale a channel
"""

import collections

VARIANTS = ("fp32", "fp32-plain", "int8")
FUSED = {"EmbedLayerNormalization": 1, "Attention": 3, "BiasGelu": 3, "SkipLayerNormalization": 6}
QUANTIZED = {"QEmbedLayerNormalization": 1, "QAttention": 3, "MatMulInteger": 9}


def path(variant, context):
    return f"{context['build']}/{variant}-{context['task']}.onnx"


def export(to, context):
    import torch
    from export import example, mean_of_body

    names = ["input_ids", "attention_mask", "token_type_ids"]
    texts = 2 if context["task"] == "batch" else 1
    torch.onnx.export(
        mean_of_body(context, "eager"), example(texts), to, dynamo=False,
        input_names=names, output_names=["vector"], opset_version=17,
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names} | {"vector": {0: "texts"}},
    )


def must_have(file, wanted):
    """Ends the run where the tools left the graph slower than they can."""
    import onnx

    kinds = collections.Counter(node.op_type for node in onnx.load(file).graph.node)
    if any(kinds[kind] != count for kind, count in wanted.items()):
        raise SystemExit(f"{file}: not fused as it should be: {dict(kinds)}, expected {wanted}")


def prepare(variant, context):
    import onnx
    import transformers
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer

    export(path(variant, context), context)
    if variant == "fp32-plain":
        return
    config = transformers.AutoConfig.from_pretrained(context["model"])
    graph = optimizer.optimize_model(
        path(variant, context), model_type="bert", num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size, use_gpu=False,
    )
    graph.save_model_to_file(path(variant, context))
    must_have(path(variant, context), FUSED)
    if variant == "int8":
        quantize_dynamic(
            path(variant, context), path(variant, context), per_channel=True, weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},  # of what the fused nodes give out
        )
        must_have(path(variant, context), QUANTIZED)


def load(variant, context):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = context["threads"], 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path(variant, context), options, providers=["CPUExecutionProvider"])
    in_use = session.get_session_options()

    def as_input(ids, lengths):
        mask = (numpy.arange(ids.shape[1])[None] < lengths[:, None]).astype(numpy.int64)
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}

    return {
        "about": f"onnxruntime {onnxruntime.__version__}, {', '.join(session.get_providers())}",
        "settings": [
            ("intra-op threads", in_use.intra_op_num_threads, context["threads"]),
            ("inter-op threads", in_use.inter_op_num_threads, 1),
        ],
        "input": as_input,
        "encode": lambda inputs: session.run(None, inputs)[0],
    }
