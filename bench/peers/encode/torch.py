# SPDX-License-Identifier: MIT
"""PyTorch: transformers' BertModel in inference mode, with its default attention (sdpa). Not compiled.

fp32   all in float32
bf16   weights and activations in bfloat16; the mean over tokens in float32
"""

VARIANTS = ("fp32", "bf16")


def load(variant, context):
    import torch
    import transformers

    torch.set_num_threads(context["threads"])
    torch.set_num_interop_threads(1)
    transformers.logging.set_verbosity_error()
    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[variant]
    body = transformers.BertModel.from_pretrained(context["model"], add_pooling_layer=False, torch_dtype=kind).eval()

    def as_input(ids, lengths):
        ids = torch.from_numpy(ids)
        if (lengths == ids.shape[1]).all():
            return ids, None, None
        mask = (torch.arange(ids.shape[1])[None] < torch.from_numpy(lengths)[:, None]).long()
        return ids, mask, mask[:, :, None].float()

    @torch.inference_mode()
    def encode(inputs):
        ids, mask, weights = inputs
        rows = body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return (rows.mean(1) if mask is None else (rows * weights).sum(1) / weights.sum(1)).numpy()

    return {
        "about": f"torch {torch.__version__}, transformers {transformers.__version__}, "
                 f"attention {body.config._attn_implementation}",
        "settings": [
            ("weights", str(body.embeddings.word_embeddings.weight.dtype), str(kind)),
            ("threads", torch.get_num_threads(), context["threads"]),
            ("interop threads", torch.get_num_interop_threads(), 1),
        ],
        "input": as_input,
        "encode": encode,
    }
