# SPDX-License-Identifier: MIT
"""CTranslate2: the body by its own converter, in Encoder.forward_batch; the mean over tokens in numpy, which counts.

fp32   compute type float32
int8   compute type int8: weights a scale a row, activations by text

It computes bfloat16 on no processor. Its converter wants a pooler after the body, which this model has not: left out.
"""

import shutil

VARIANTS = ("fp32", "int8")
COMPUTE = {"fp32": "float32", "int8": "int8_float32"}


def path(variant, context):
    return f"{context['build']}/{variant}"


def prepare(variant, context):
    import torch
    import transformers
    from ctranslate2.converters import transformers as converters

    transformers.logging.set_verbosity_error()

    @converters.register_loader("BertConfig")
    class without_pooler(converters.BertLoader):
        def get_model_spec(self, model):
            spec = super().get_model_spec(model)
            del spec.pooler_dense
            return spec

    class converter(converters.TransformersConverter):
        def load_model(self, model_class, name, dtype=None, **rest):  # it asks by a name that transformers 5 has
            return model_class.from_pretrained(name, torch_dtype=torch.float32, **rest)

    shutil.rmtree(path(variant, context), ignore_errors=True)
    converter(context["model"]).convert(path(variant, context), quantization=COMPUTE[variant])


def load(variant, context):
    import ctranslate2
    import numpy

    encoder = ctranslate2.Encoder(
        path(variant, context), device="cpu", compute_type=COMPUTE[variant], inter_threads=1,
        intra_threads=context["threads"],
    )

    def as_input(ids, lengths):
        view = ctranslate2.StorageView.from_array
        inside = numpy.arange(ids.shape[1])[None, :, None] < lengths[:, None, None]
        whole = bool((lengths == ids.shape[1]).all())
        keep = ids.astype(numpy.int32), lengths.astype(numpy.int32)  # a view does not own its numbers
        return keep, view(keep[0]), view(keep[1]), None if whole else inside.astype(numpy.float32)

    def encode(inputs):
        _, ids, lengths, inside = inputs
        rows = numpy.array(encoder.forward_batch(ids, lengths).last_hidden_state, copy=False)
        if inside is None:
            return rows.mean(1)
        return (rows * inside).sum(1) / inside.sum(1)

    return {
        "about": f"ctranslate2 {ctranslate2.__version__}, intra threads {context['threads']}",
        "settings": [
            ("compute type", encoder.compute_type, COMPUTE[variant]),
            ("inter threads", encoder.num_encoders, 1),
        ],
        "input": as_input,
        "encode": encode,
    }
