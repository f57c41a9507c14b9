# SPDX-License-Identifier: MIT
"""The body with its mean over tokens as one torch module, for the peers that start from torch."""


def mean_of_body(context, attention):
    """ids, mask, types -> vectors. One text has no padding, so only batches get a mean that asks the mask."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    padded = context["task"] == "batch"

    class body_and_mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = transformers.BertModel.from_pretrained(
                context["model"], add_pooling_layer=False, attn_implementation=attention, torch_dtype=torch.float32
            )

        def forward(self, input_ids, attention_mask, token_type_ids):
            rows = self.body(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            if not padded:
                return rows.mean(1)
            weights = attention_mask[:, :, None].to(rows.dtype)
            return (rows * weights).sum(1) / weights.sum(1)

    return body_and_mean().eval()


def example(texts=2, tokens=16):
    """Inputs to trace with."""
    import torch

    ids = torch.arange(1000, 1000 + texts * tokens).reshape(texts, tokens)
    return ids, torch.ones_like(ids), torch.zeros_like(ids)
