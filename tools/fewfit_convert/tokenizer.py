# SPDX-License-Identifier: MIT
"""The effective state of the tokenizer: what transformers 4.52 makes of the folder as a BertTokenizerFast.

Effective, because the files disagree by design: BertTokenizerFast overrides the normalizer of tokenizer.json with
the options of tokenizer_config.json, whose defaults count even where it says nothing. tests/test_tokenizer_state.py
holds the result equal to the real library's over many variants of these files.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from . import spec
from .added_tokens import CONFIG, TOKENIZER, AddedVocabulary, Token, gather, listed_tokens, parse_token
from .errors import Refused
from .folder import Folder
from .model import AddedToken, Tokenizer
from .normalizer import Normalizer

_VOCAB = "vocab.txt"
_VOCABULARY = f"the vocabulary ({TOKENIZER} or {_VOCAB})"
_CLASSES = ("BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast")
_PREFIX = "##"
_UNSUPPORTED = ("vocab_file", "tokenizer_object", "from_slow", "gguf_file", "auto_map", "init_inputs")


@dataclass(frozen=True)
class Words:
    """The tokenizer, and the length that its configuration states, if it does."""

    state: Tokenizer
    model_max_length: Any


@dataclass(frozen=True)
class _Base:
    """What the tokenizer is before options and added tokens of the configuration: tokenizer.json, or vocab.txt."""

    vocab: Dict[str, int]
    unk_token: str
    max_chars: int
    normalizer: Normalizer  # of added tokens: the override by the configuration comes after them
    cls_id: int
    sep_id: int
    added: Tuple[Tuple[Token, Any], ...] = ()


def _check_class(config: Dict[str, Any], bert: Dict[str, Any]) -> None:
    """Refuses any tokenizer but Bert's, of which DistilBERT's is a copy."""
    name, file = config.get("tokenizer_class"), CONFIG
    if name is None:
        name, file = bert.get("tokenizer_class"), "config.json"
    if name is not None and name not in _CLASSES:
        raise Refused(f"tokenizer_class {name!r} in {file}: only BertTokenizer is supported")


def _check_options(config: Dict[str, Any], has_tokenizer_file: bool) -> None:
    """Refuses options under which transformers would do something that the model file cannot say."""
    for key in _UNSUPPORTED:
        if config.get(key):
            raise Refused(f"{key} in {CONFIG}: a tokenizer from elsewhere is not supported")
    if has_tokenizer_file and config.get("tokenizer_file") is not None:
        raise Refused(f"tokenizer_file in {CONFIG}: a tokenizer from elsewhere is not supported")
    if config.get("fast_tokenizer_files") not in (None, [], [TOKENIZER]):
        raise Refused(f"fast_tokenizer_files in {CONFIG}: several versions of {TOKENIZER} are not supported")
    for key in ("padding_side", "truncation_side"):
        if config.get(key, "right") != "right":
            raise Refused(f"{key} {config[key]!r} in {CONFIG}: only 'right' is supported")
    inputs = config.get("model_input_names") or ["input_ids", "attention_mask"]
    if not isinstance(inputs, list) or "input_ids" not in inputs or "attention_mask" not in inputs:
        raise Refused(f"model_input_names in {CONFIG} must hold input_ids and attention_mask")


def _option(config: Dict[str, Any], key: str, default: Optional[bool], nullable: bool = False) -> Optional[bool]:
    """A yes-or-no option of tokenizer_config.json."""
    value = config.get(key, default)
    if isinstance(value, bool) or (nullable and value is None):
        return value
    raise Refused(f"{key} {value!r} in {CONFIG} is neither true nor false")


def _part(tokenizer: Dict[str, Any], key: str, wanted: str) -> Dict[str, Any]:
    """A part of tokenizer.json, if it is of the wanted type."""
    part = tokenizer.get(key)
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != wanted:
        raise Refused(f"{key} of type {kind} in {TOKENIZER}: only {wanted} is supported")
    return part


def _vocab_json(model: Dict[str, Any]) -> Dict[str, int]:
    """The vocabulary of tokenizer.json."""
    vocab = model.get("vocab")
    if not isinstance(vocab, dict) or not all(type(i) is int and 0 <= i < spec.MAX_VOCAB for i in vocab.values()):
        raise Refused(f"the vocabulary in {TOKENIZER} is not an object of ids")
    if len(set(vocab.values())) != len(vocab):
        raise Refused(f"two tokens in {TOKENIZER} have the same id")
    return vocab


def _vocab_txt(folder: Folder) -> Dict[str, int]:
    """The vocabulary of vocab.txt, a token a line; of equal lines the last counts, as in transformers."""
    lines = folder.text(_VOCAB).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return {line: number for number, line in enumerate(lines)}


def _template_ids(tokenizer: Dict[str, Any]) -> Tuple[int, int]:
    """The ids put in front of and behind a text."""
    part = tokenizer.get("post_processor")
    try:
        if part["type"] == "BertProcessing":
            return int(part["cls"][1]), int(part["sep"][1])
        if part["type"] == "TemplateProcessing":
            first, text, last = part["single"]
            names = first["SpecialToken"]["id"], last["SpecialToken"]["id"]
            types = [first["SpecialToken"]["type_id"], text["Sequence"]["type_id"], last["SpecialToken"]["type_id"]]
            (cls_id,), (sep_id,) = (part["special_tokens"][name]["ids"] for name in names)
            if types == [0, 0, 0] and text["Sequence"]["id"] == "A":
                return int(cls_id), int(sep_id)
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        pass
    raise Refused(f"post_processor in {TOKENIZER}: only [CLS] text [SEP], all of type 0, is supported")


def _check_defaults(tokenizer: Dict[str, Any], config: Dict[str, Any]) -> None:
    """Truncation and padding of tokenizer.json set only the sides, where tokenizer_config.json does not."""
    for key, option in (("truncation", "truncation_side"), ("padding", "padding_side")):
        part = tokenizer.get(key)
        if part is not None and not isinstance(part, dict):
            raise Refused(f"{key} in {TOKENIZER} is no object")
        side = (part or {}).get("direction", "Right")
        if side != "Right" and option not in config:
            raise Refused(f"{key} on the {side} in {TOKENIZER}: only on the right is supported")


def _from_json(folder: Folder, tokenizer: Dict[str, Any], config: Dict[str, Any]) -> _Base:
    """The base as tokenizer.json states it."""
    model, normalizer = _part(tokenizer, "model", "WordPiece"), _part(tokenizer, "normalizer", "BertNormalizer")
    _part(tokenizer, "pre_tokenizer", "BertPreTokenizer")
    _check_defaults(tokenizer, config)
    for key in ("clean_text", "handle_chinese_chars", "lowercase"):
        if not isinstance(normalizer.get(key), bool):
            raise Refused(f"{key} of the normalizer in {TOKENIZER} is neither true nor false")
    if model.get("continuing_subword_prefix") != _PREFIX:
        prefix = model.get("continuing_subword_prefix")
        raise Refused(f"continuing_subword_prefix {prefix!r} in {TOKENIZER}: only {_PREFIX!r} is supported")
    vocab = _vocab_json(model)
    _check_same(folder, vocab)
    added = listed_tokens(tokenizer)
    tokens = tuple((parse_token(value, TOKENIZER), value.get("id")) for value in added)
    ids = _template_ids(tokenizer)
    chars, unk = model.get("max_input_chars_per_word"), model.get("unk_token")
    strip = normalizer.get("strip_accents")
    if strip is not None and not isinstance(strip, bool):
        raise Refused(f"strip_accents of the normalizer in {TOKENIZER} is neither true, false nor null")
    lowercase = normalizer["lowercase"]
    steps = (normalizer["clean_text"], normalizer["handle_chinese_chars"], lowercase if strip is None else strip)
    return _Base(vocab, unk, chars, Normalizer(*steps, lowercase), *ids, tokens)


def _check_same(folder: Folder, vocab: Dict[str, int]) -> None:
    """A vocab.txt beside tokenizer.json does not count, so it must not say anything else."""
    if not folder.has(_VOCAB):
        return
    listed = _vocab_txt(folder)
    if {key: i for key, i in listed.items() if key} != {key: i for key, i in vocab.items() if key}:
        differing = sorted(key for key in {**listed, **vocab} if key and listed.get(key) != vocab.get(key))
        raise Refused(f"{_VOCAB} and {TOKENIZER} disagree about the token {differing[0]}")


def _special_id(vocab: Dict[str, int], values: Dict[str, Any], key: str) -> int:
    """The id of a special token that vocab.txt must hold."""
    value = values.get(key)
    content = value.content if isinstance(value, Token) else value
    if content not in vocab:
        raise Refused(f"{key} {content!r} is not in {_VOCAB}")
    return vocab[content]


def _from_txt(folder: Folder, config: Dict[str, Any]) -> _Base:
    """The base as transformers makes it of vocab.txt and the special tokens."""
    vocab = _vocab_txt(folder)
    values = gather(folder, config, None, AddedVocabulary(vocab))
    unk = values["unk_token"]
    cls_id, sep_id = (_special_id(vocab, values, key) for key in ("cls_token", "sep_token"))
    basic = bool(config.get("do_basic_tokenize", True))
    chinese = basic and bool(_option(config, "tokenize_chinese_chars", True))
    lowercase = basic and bool(_option(config, "do_lower_case", True))
    strip = _option(config, "strip_accents", None, nullable=True) if basic else False
    normalizer = Normalizer(True, chinese, lowercase if strip is None else strip, lowercase)
    return _Base(vocab, unk.content if isinstance(unk, Token) else unk, 100, normalizer, cls_id, sep_id)


def _stored(token: Token, id_: int, normalizer: Normalizer) -> AddedToken:
    """An added token as the file holds it: with its content normalised, where it is matched in normalised text."""
    content = token.content
    if token.normalized:
        content = normalizer.normalize(content)
        if not content:
            raise Refused(f"nothing is left of the added token {token.content!a} after normalisation")
    try:
        size = len(content.encode("utf-8"))
    except UnicodeEncodeError:
        raise Refused(f"the added token {content!a} is not valid Unicode") from None
    if size > spec.MAX_TOKEN_BYTES:
        raise Refused(f"the added token {content[:40]}... is longer than {spec.MAX_TOKEN_BYTES} bytes")
    return AddedToken(
        content, id_, token.single_word, token.lstrip, token.rstrip, bool(token.normalized), token.special
    )


def _added(base: _Base, vocabulary: AddedVocabulary, rows: int) -> List[AddedToken]:
    """The added tokens as they are stored."""
    added = []
    for content, token in vocabulary.tokens.items():
        if vocabulary.ids[content] >= rows:
            raise Refused(
                f"the added token {content} has the id {vocabulary.ids[content]}, but there are {rows} word rows "
                "(vocab_size in config.json)"
            )
        added.append(_stored(token, vocabulary.ids[content], base.normalizer))
    for content, count in Counter(token.content for token in added).items():
        if count > 1:
            raise Refused(f"two added tokens are {content} after normalisation")
    return added


def _list_of(vocab: Dict[str, int], rows: int) -> List[str]:
    """The token of each id; empty where there is none."""
    tokens = [""] * (max(vocab.values(), default=-1) + 1)
    if not 1 <= len(tokens) <= rows:
        raise Refused(f"{_VOCABULARY} has {len(tokens)} ids, but vocab_size in config.json is {rows}")
    for token, number in vocab.items():
        try:
            size = len(token.encode("utf-8"))
        except UnicodeEncodeError:
            raise Refused(f"the token {token!a} in {_VOCABULARY} is not valid Unicode") from None
        if size > spec.MAX_TOKEN_BYTES:
            raise Refused(f"the token {token[:40]}... in {_VOCABULARY} is longer than {spec.MAX_TOKEN_BYTES} bytes")
        tokens[number] = token
    return tokens


def _check_special(base: _Base, vocabulary: AddedVocabulary) -> None:
    """[UNK], [CLS] and [SEP] must be three tokens that exist."""
    if not isinstance(base.unk_token, str) or base.unk_token not in base.vocab:
        raise Refused(f"unk_token {base.unk_token!r} is not in {_VOCABULARY}")
    known = set(base.vocab.values()) | set(vocabulary.ids.values())
    for name, number in (("[CLS]", base.cls_id), ("[SEP]", base.sep_id)):
        if number not in known:
            raise Refused(f"the id {number} of {name} in {TOKENIZER} is no token")
    if len({base.vocab[base.unk_token], base.cls_id, base.sep_id}) != 3:
        raise Refused(f"two of the unknown, the first and the last token in {TOKENIZER} or {CONFIG} are the same")
    if type(base.max_chars) is not int or not 1 <= base.max_chars <= spec.MAX_WORD_CHARS:
        raise Refused(f"max_input_chars_per_word {base.max_chars!r} in {TOKENIZER} is not 1 to {spec.MAX_WORD_CHARS}")


def _base(folder: Folder, config: Dict[str, Any]) -> Tuple[_Base, Optional[Dict[str, Any]]]:
    """The base, and tokenizer.json where there is one."""
    file = folder.json_object(TOKENIZER, needed=False) if folder.has(TOKENIZER) else None
    _check_options(config, file is not None)
    if file is not None and "tokenizer_file" not in config:
        return _from_json(folder, file, config), file
    if not folder.has(_VOCAB):
        raise Refused(f"neither {TOKENIZER} nor {_VOCAB} can be used")
    return _from_txt(folder, config), file


def read_tokenizer(folder: Folder, bert: Dict[str, Any], rows: int) -> Words:
    """The tokenizer of the folder, for an embedding of `rows` rows."""
    config = folder.json_object(CONFIG, needed=False)
    _check_class(config, bert)
    base, file = _base(folder, config)
    lowercase = bool(_option(config, "do_lower_case", True))
    strip = _option(config, "strip_accents", None, nullable=True)
    chinese = bool(_option(config, "tokenize_chinese_chars", True))
    vocabulary = AddedVocabulary(base.vocab)
    for token, number in base.added:
        vocabulary.add(token, TOKENIZER, number)
    gather(folder, config, file, vocabulary)
    _check_special(base, vocabulary)
    state = Tokenizer(
        vocab=_list_of(base.vocab, rows),
        added=_added(base, vocabulary, rows),
        unk_id=base.vocab[base.unk_token],
        cls_id=base.cls_id,
        sep_id=base.sep_id,
        clean_text=base.normalizer.clean_text,
        handle_chinese_chars=chinese,
        strip_accents=lowercase if strip is None else strip,
        lowercase=lowercase,
        max_input_chars_per_word=base.max_chars,
        special_tokens_are_text=bool(_option(config, "split_special_tokens", False)),
    )
    return Words(state, config.get("model_max_length", config.get("max_len")))
