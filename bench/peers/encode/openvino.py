# SPDX-License-Identifier: MIT
"""OpenVINO: the body converted from torch with the mean over tokens in the graph, one stream.

fp32   inference precision hint f32
bf16   hint bf16
int8   NNCF's post-training quantisation (transformer model type: SmoothQuant, a scale a channel), the rest in f32

What the plugin made of the hint is read from the graph that runs.
"""

import collections
import json
import pathlib

VARIANTS = ("fp32", "bf16", "int8")
HINT = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
RUNS = {"fp32": "f32", "bf16": "bf16", "int8": "u8 or i8"}  # precision of the linear layers' input
LINEAR = 12  # the least number of FullyConnected nodes: query, key and value may be one or three


def path(variant, context):
    return f"{context['build']}/{'int8' if variant == 'int8' else 'float'}-{context['task']}.xml"


def as_input(ids, lengths):
    import numpy

    mask = (numpy.arange(ids.shape[1])[None] < lengths[:, None]).astype(numpy.int64)
    return [ids, mask, numpy.zeros_like(ids)]


def prepare(variant, context):
    import numpy
    import openvino
    from export import example, mean_of_body

    texts = -1 if context["task"] == "batch" else 1
    model = openvino.convert_model(
        mean_of_body(context, "sdpa"), example_input=example(2 if texts < 0 else 1),
        input=[openvino.PartialShape([texts, -1])] * 3,
    )
    if variant == "int8":
        import nncf

        inputs = [numpy.array([ids]) for ids in json.loads(pathlib.Path(context["calibration"]).read_text())]
        dataset = nncf.Dataset(inputs, lambda ids: as_input(ids, numpy.array([ids.shape[1]])))
        model = nncf.quantize(model, dataset, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(inputs))
    openvino.save_model(model, path(variant, context), compress_to_fp16=False)


def linear_inputs(compiled):
    """How many FullyConnected nodes of the running graph take which precision."""
    kinds = collections.Counter()
    for node in compiled.get_runtime_model().get_ordered_ops():
        about = node.get_rt_info()
        if about["layerType"].astype(str) == "FullyConnected":
            kinds[about["runtimePrecision"].astype(str)] += 1
    return kinds


def load(variant, context):
    import openvino

    compiled = openvino.Core().compile_model(path(variant, context), "CPU", {
        "INFERENCE_PRECISION_HINT": HINT[variant], "INFERENCE_NUM_THREADS": context["threads"], "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False,
    })
    request = compiled.create_infer_request()
    kinds = linear_inputs(compiled)
    expected = sum(count for kind, count in kinds.items() if kind in RUNS[variant].split(" or "))
    return {
        "about": f"openvino {openvino.__version__}, FullyConnected {dict(kinds)}",
        "settings": [
            ("hint", compiled.get_property("INFERENCE_PRECISION_HINT").to_string(), HINT[variant]),
            (f"all linear layers in {RUNS[variant]}:", expected == sum(kinds.values()) >= LINEAR, True),
            ("threads", compiled.get_property("INFERENCE_NUM_THREADS"), context["threads"]),
            ("streams", compiled.get_property("NUM_STREAMS"), 1),
        ],
        "input": as_input,
        "encode": lambda inputs: request.infer(inputs, share_inputs=True, share_outputs=True)[0],
    }
