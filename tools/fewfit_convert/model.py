# SPDX-License-Identifier: MIT
"""What passes from the reader to the writer: plain settings, strings and arrays.

Shape letters: D hidden size, H heads, F feed-forward size, L layers, R word rows, P positions, S sentence size,
K classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np

from . import spec


@dataclass(frozen=True)
class Dense:
    """A linear layer behind the pooling. shape weight [outputs, inputs], bias [outputs]

    `activation` is a key of spec.DENSE_ACTIVATIONS; where `normalize_first`, its input is brought to unit length."""

    inputs: int
    outputs: int
    activation: str
    normalize_first: bool
    weight: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Config:
    """The numbers of the encoder and of what follows it; `hidden_act` and `poolings` are keys of spec's tables."""

    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    num_hidden_layers: int
    vocab_size: int
    max_position_embeddings: int
    max_length: int
    hidden_act: str
    poolings: Tuple[str, ...]
    normalize: bool
    layer_norm_eps: float
    linear_type: str = "f32"
    embeddings_type: str = "f32"
    dense: Tuple[Dense, ...] = ()

    @property
    def sentence_size(self) -> int:
        """The width of a sentence vector, S."""
        return self.dense[-1].outputs if self.dense else self.hidden_size * len(self.poolings)


@dataclass(frozen=True)
class AddedToken:
    """A token that is looked for in the text before words are formed; `content` is normalised where `normalized`."""

    content: str
    id: int
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    special: bool = False


@dataclass(frozen=True)
class Tokenizer:
    """The effective state of a BertTokenizerFast. `vocab[id]` is empty where an id has no token."""

    vocab: List[str]
    added: List[AddedToken]
    unk_id: int
    cls_id: int
    sep_id: int
    clean_text: bool = True
    handle_chinese_chars: bool = True
    strip_accents: bool = True
    lowercase: bool = True
    max_input_chars_per_word: int = 100
    special_tokens_are_text: bool = False


@dataclass(frozen=True)
class Head:
    """A logistic regression or several, of a kind of spec. shape intercept [rows], coefficients [rows, S]

    One row where the kind is binary, else K. In a chain the rows follow the chain, row i has i coefficients more, for
    the decisions before it, and all of them lie in one flat array; `order[i]` is the target that row i decides.
    """

    kind: int
    labels: List[str]
    labels_are_integers: bool
    intercept: np.ndarray
    coefficients: np.ndarray
    target: int = spec.TARGET_SINGLE
    pairs: bool = False
    half_is_yes: bool = False
    order: Tuple[int, ...] = ()

    @property
    def probabilities_size(self) -> int:
        """So many numbers a text: one a class, or the pair of no and yes."""
        return len(self.labels) * (2 if self.pairs else 1)


@dataclass(frozen=True)
class SelfTest:
    """Texts and the original's probabilities for them, [n, K], or [n, 2 K] where the head has pairs."""

    texts: List[str]
    probabilities: np.ndarray


@dataclass(frozen=True)
class Model:
    """Everything a model file holds. `tensor(name)` gives a weight of the body in f32, by BertModel's name for it.

    A body alone has no head, and then no self-test either."""

    config: Config
    tokenizer: Tokenizer
    tensor: Callable[[str], np.ndarray]
    head: Optional[Head] = None
    about: Dict[str, str] = field(default_factory=dict)
    self_test: Optional[SelfTest] = None
