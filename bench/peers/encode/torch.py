# SPDX-License-Identifier: MIT
"""PyTorch: transformers' BertModel in inference mode, with its default attention (sdpa). Not compiled."""

VARIANTS = ("fp32",)


def load(variant, context):
    import torch
    import transformers

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    transformers.logging.set_verbosity_error()
    body = transformers.BertModel.from_pretrained(
        context["model"], add_pooling_layer=False, torch_dtype=torch.float32
    ).eval()

    @torch.inference_mode()
    def encode(ids):
        return body(input_ids=ids).last_hidden_state.mean(1)[0].numpy()

    return {
        "about": f"torch {torch.__version__}, transformers {transformers.__version__}, attention {body.config._attn_implementation}",
        "input": lambda ids: torch.tensor([ids]),
        "encode": encode,
    }
