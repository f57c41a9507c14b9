# SPDX-License-Identifier: MIT
"""onnxruntime: the body exported by torch, with the mean over tokens in the graph.

fp32        the graph that onnxruntime.transformers' optimizer makes: EmbedLayerNormalization, Attention, BiasGelu ...
fp32-plain  the graph as exported, and what the session's own optimisations make of it
"""

import collections

VARIANTS = ("fp32", "fp32-plain")
FUSED = {"EmbedLayerNormalization": 1, "Attention": 3, "BiasGelu": 3, "SkipLayerNormalization": 6}


def path(variant, context):
    return f"{context['build']}/{variant}.onnx"


def prepare(variant, context):
    import onnx
    import torch
    import transformers
    from onnxruntime.transformers import optimizer

    transformers.logging.set_verbosity_error()

    class mean_of_body(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = transformers.BertModel.from_pretrained(
                context["model"], add_pooling_layer=False, attn_implementation="eager", torch_dtype=torch.float32
            )

        def forward(self, ids, mask, types):
            rows = self.body(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
            return rows.mean(1)

    ids = torch.arange(1000, 1016)[None]
    names = ["input_ids", "attention_mask", "token_type_ids"]
    module = mean_of_body().eval()
    config = module.body.config
    torch.onnx.export(
        module, (ids, torch.ones_like(ids), torch.zeros_like(ids)), path(variant, context), dynamo=False,
        input_names=names, output_names=["vector"], opset_version=17,
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names} | {"vector": {0: "texts"}},
    )
    if variant == "fp32":
        graph = optimizer.optimize_model(
            path(variant, context), model_type="bert", num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size, use_gpu=False,
        )
        graph.save_model_to_file(path(variant, context))
        kinds = collections.Counter(node.op_type for node in onnx.load(path(variant, context)).graph.node)
        if any(kinds[kind] != count for kind, count in FUSED.items()):
            raise SystemExit(f"the optimizer did not fuse what it should: {dict(kinds)}, expected {FUSED}")


def load(variant, context):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path(variant, context), options, providers=["CPUExecutionProvider"])

    def as_input(ids):
        array = numpy.array([ids], numpy.int64)
        return {"input_ids": array, "attention_mask": numpy.ones_like(array), "token_type_ids": numpy.zeros_like(array)}

    return {
        "about": f"onnxruntime {onnxruntime.__version__}, CPUExecutionProvider",
        "input": as_input,
        "encode": lambda inputs: session.run(None, inputs)[0][0],
    }
