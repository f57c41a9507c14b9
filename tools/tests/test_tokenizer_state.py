# SPDX-License-Identifier: MIT
"""The state that the converter derives equals that of transformers' own tokenizer, over variants of the files.

Each variant changes the files of a small tokenizer. Where the converter accepts, everything that can be read back
from `backend_tokenizer` is compared, and the ids of texts that touch every option; where it refuses, the sentence
is checked. Needs transformers and tokenizers, no torch.
"""

from __future__ import annotations

import json
import os

import pytest
import tiny
from fewfit_convert import tokenizer
from fewfit_convert.errors import Refused
from fewfit_convert.folder import Folder

try:
    import tokenizers
    import transformers
except ImportError:
    pytest.skip("transformers is not installed, THE TOKENIZER STATE IS NOT COMPARED", allow_module_level=True)

NO = tiny.ABSENT
CONFIG, JSON, MAP, MORE, VOCAB = (
    "tokenizer_config.json",
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
)
DECODER = f"{CONFIG}:added_tokens_decoder"
NEXT = str(tiny.R)
ROOM = 8  # word rows beyond the vocabulary

TEXTS = [
    "",
    "hello new abc",
    "HELLO Hello hELLO",
    "café Cafe CAFÉ",
    "Мир мир йод",
    "мирный Мирный МИРНЫЙ",
    "naïf Naif NAÏF Nai\u0308f",
    "中文日hello",
    "[CLS] a [SEP] b [MASK]",
    "[cls] [ MASK ]",
    "a[MASK]b",
    "newtok NewTok NEWTOK xnewtokx",
    "  newtok  [X1]  [X2] a",
    "[X1][X2]",
    "a_newtok",
    "a" * 100,
    "a" * 101,
    "x\u00adx\u200by a\tb\u0000c",
    "zz top zztop Zz Top",
    "<s> hello </s>",
    "big deal Big Deal bigdeal",
]


def _added(content: str, number: str = NEXT, **options) -> dict:
    """The same added token in tokenizer.json and tokenizer_config.json."""
    made = tiny.token(content, **options)
    before = tiny.tokenizer_files()
    return {
        DECODER: {**before[CONFIG]["added_tokens_decoder"], number: made},
        f"{JSON}:added_tokens": [*before[JSON]["added_tokens"], {"id": int(number), **made}],
    }


def _both(*changes: dict) -> dict:
    """Several changes in one."""
    return {key: value for change in changes for key, value in change.items()}


PLAIN = {"normalized": True, "special": False}
OLD = {DECODER: NO, JSON: NO}  # what counted before tokenizer.json: vocab.txt and the maps
OLD_JSON = {DECODER: NO}

EQUAL = {
    "as it is": {},
    "cased by config": {f"{CONFIG}:do_lower_case": False},
    "cased by tokenizer.json alone": {f"{JSON}:normalizer:lowercase": False},
    "cased by both": {f"{CONFIG}:do_lower_case": False, f"{JSON}:normalizer:lowercase": False},
    "do_lower_case absent": {f"{CONFIG}:do_lower_case": NO},
    "do_lower_case absent, cased tokenizer.json": {
        f"{CONFIG}:do_lower_case": NO,
        f"{JSON}:normalizer:lowercase": False,
    },
    "accents stripped": {f"{CONFIG}:strip_accents": True},
    "accents kept": {f"{CONFIG}:strip_accents": False},
    "accents absent": {f"{CONFIG}:strip_accents": NO},
    "accents kept in tokenizer.json alone": {f"{JSON}:normalizer:strip_accents": False},
    "accents stripped in tokenizer.json alone": {f"{JSON}:normalizer:strip_accents": True},
    "accents stripped, cased": {f"{CONFIG}:strip_accents": True, f"{CONFIG}:do_lower_case": False},
    "accents kept, cased": {f"{CONFIG}:strip_accents": False, f"{CONFIG}:do_lower_case": False},
    "Chinese together": {f"{CONFIG}:tokenize_chinese_chars": False},
    "Chinese absent": {f"{CONFIG}:tokenize_chinese_chars": NO},
    "Chinese together in tokenizer.json alone": {f"{JSON}:normalizer:handle_chinese_chars": False},
    "text not cleaned": {f"{JSON}:normalizer:clean_text": False},
    "text not cleaned, cased": {f"{JSON}:normalizer:clean_text": False, f"{CONFIG}:do_lower_case": False},
    "clean_text in config is ignored": {f"{CONFIG}:clean_text": False},
    "words of 50": {f"{JSON}:model:max_input_chars_per_word": 50},
    "words of 1": {f"{JSON}:model:max_input_chars_per_word": 1},
    "no tokenizer_config.json": {CONFIG: NO},
    "no tokenizer_config.json, cased tokenizer.json": {CONFIG: NO, f"{JSON}:normalizer:lowercase": False},
    "no special_tokens_map.json": {MAP: NO},
    "no vocab.txt": {VOCAB: NO},
    "tokenizer.json alone": {CONFIG: NO, MAP: NO, VOCAB: NO},
    "no tokenizer.json": {JSON: NO},
    "no tokenizer.json, cased": {JSON: NO, f"{CONFIG}:do_lower_case": False},
    "no tokenizer.json, accents kept": {JSON: NO, f"{CONFIG}:strip_accents": False},
    "no tokenizer.json, Chinese together": {JSON: NO, f"{CONFIG}:tokenize_chinese_chars": False},
    "no tokenizer.json, no basic tokenizer": {JSON: NO, f"{CONFIG}:do_basic_tokenize": False},
    "no tokenizer.json, no basic tokenizer, a token with capitals": {
        JSON: NO,
        f"{CONFIG}:do_basic_tokenize": False,
        DECODER: {NEXT: tiny.token("NewTok", **PLAIN)},
    },
    "an empty decoder hides the special map": {DECODER: {}, MAP: {"mask_token": "[X1]"}},
    "old files, tokenizer.json goes before the map": _both(OLD_JSON, {f"{MAP}:mask_token:lstrip": True}),
    "a decoder token in the middle of the vocabulary, then a new one": {
        DECODER: {"9": tiny.token("e", **PLAIN), NEXT: tiny.token("[X1]")}
    },
    "a new token where ids have holes": {
        f"{JSON}:model:vocab:hello": tiny.R + 2,
        VOCAB: NO,
        f"{CONFIG}:additional_special_tokens": ["[X1]", "[X2]"],
    },
    "an added word past a hole": {
        f"{JSON}:model:vocab:hello": tiny.R + 2,
        VOCAB: NO,
        f"{CONFIG}:additional_special_tokens": ["hello", "[X2]"],
    },
    "vocab.txt alone": {JSON: NO, CONFIG: NO, MAP: NO},
    "vocab.txt and special map": {JSON: NO, CONFIG: NO},
    "vocab.txt and config without decoder": OLD,
    "vocab.txt with a token twice": _both(OLD, {VOCAB: "".join(w + "\n" for w in [*tiny.VOCAB, "hello"])}),
    "vocab.txt with an empty line": _both(OLD, {VOCAB: "".join(w + "\n" for w in [*tiny.VOCAB, "", "last"])}),
    "vocab.txt with CRLF": {JSON: NO, VOCAB: "".join(w + "\r\n" for w in tiny.VOCAB)},
    "vocab.txt without a last newline": {JSON: NO, VOCAB: "\n".join(tiny.VOCAB)},
    "tokenizer_file null in config": {f"{CONFIG}:tokenizer_file": None},
    "tokenizer_file in config, no tokenizer.json": {f"{CONFIG}:tokenizer_file": "elsewhere.json", JSON: NO},
    "class BertTokenizerFast": {f"{CONFIG}:tokenizer_class": "BertTokenizerFast"},
    "class DistilBertTokenizer": {f"{CONFIG}:tokenizer_class": "DistilBertTokenizer"},
    "class DistilBertTokenizerFast": {f"{CONFIG}:tokenizer_class": "DistilBertTokenizerFast"},
    "class DistilBertTokenizer, no tokenizer.json": {JSON: NO, f"{CONFIG}:tokenizer_class": "DistilBertTokenizer"},
    "class by config.json": {f"{CONFIG}:tokenizer_class": NO},
    "a plain token": _added("newtok", **PLAIN),
    "a plain token with capitals": _added("NewTok", **PLAIN),
    "a plain token with capitals, cased": _both(_added("NewTok", **PLAIN), {f"{CONFIG}:do_lower_case": False}),
    "a plain token with capitals, cased by both": _both(
        _added("NewTok", **PLAIN), {f"{CONFIG}:do_lower_case": False, f"{JSON}:normalizer:lowercase": False}
    ),
    "a plain token with capitals, cased tokenizer.json": _both(
        _added("NewTok", **PLAIN), {f"{JSON}:normalizer:lowercase": False}
    ),
    "a plain token of two words": _added("big deal", **PLAIN),
    "a single word": _added("newtok", single_word=True, **PLAIN),
    "a raw token": _added("NewTok", normalized=False, special=False),
    "a raw single word": _added("newtok", single_word=True, normalized=False, special=False),
    "lstrip": _added("[X1]", lstrip=True),
    "rstrip": _added("[X1]", rstrip=True),
    "lstrip and rstrip": _added("[X1]", lstrip=True, rstrip=True, special=False),
    "a special normalized token": _added("zz top", normalized=True),
    "a vocabulary word as added token": _added("hello", str(tiny.VOCAB.index("hello")), **PLAIN),
    "a raw non-ASCII token": _added("Мир", normalized=False, special=False),
    "a Russian token": _added("Мирный", **PLAIN),
    "a token with accents": _added("Naïf", **PLAIN),
    "a token with accents, cased": _both(_added("NAÏF", **PLAIN), {f"{CONFIG}:do_lower_case": False}),
    "ideographs": _added("日h", **PLAIN),
    "special tokens as text": {f"{CONFIG}:split_special_tokens": True},
    "two new tokens": _both(
        {
            DECODER: {
                **tiny.tokenizer_files()[CONFIG]["added_tokens_decoder"],
                NEXT: tiny.token("[X1]"),
                str(tiny.R + 1): tiny.token("[X2]", special=False),
            }
        }
    ),
    "a token in config alone": {DECODER: {NEXT: tiny.token("newtok", **PLAIN)}},
    "an empty decoder": {DECODER: {}},
    "no added tokens in tokenizer.json": {f"{JSON}:added_tokens": []},
    "no added tokens at all": {f"{JSON}:added_tokens": [], DECODER: {}, MAP: NO},
    "decoder token without options": {DECODER: {NEXT: {"content": "newtok"}}},
    "decoder special without options": {DECODER: {NEXT: {"content": "newtok", "special": True}}},
    "additional_special_tokens": {f"{CONFIG}:additional_special_tokens": ["[X1]", "[X2]"]},
    "additional_special_tokens typed": {
        f"{CONFIG}:additional_special_tokens": [{"__type": "AddedToken", **tiny.token("[X1]", lstrip=True)}]
    },
    "extra_special_tokens": {f"{CONFIG}:extra_special_tokens": {"image_token": "<s>"}},
    "bos and eos": {f"{CONFIG}:bos_token": "<s>", f"{CONFIG}:eos_token": "</s>"},
    "another mask token": {f"{CONFIG}:mask_token": "[X1]"},
    "mask token null": {f"{CONFIG}:mask_token": None},
    "typed mask token": {f"{CONFIG}:mask_token": {"__type": "AddedToken", **tiny.token("[X1]", lstrip=True)}},
    "another cls token in config changes no template": {f"{CONFIG}:cls_token": "[MASK]"},
    "another unk token in config changes no model": {f"{CONFIG}:unk_token": "[MASK]"},
    "old files": OLD_JSON,
    "old files, special map of strings": _both(OLD_JSON, {MAP: {"cls_token": "[CLS]", "mask_token": "[X1]"}}),
    "old files, additional in map": _both(
        OLD_JSON, {f"{MAP}:additional_special_tokens": ["[X1]", tiny.token("[X2]")]}
    ),
    "old files, added_tokens.json": _both(OLD_JSON, {MORE: {"newtok": tiny.R}}),
    "old files, special in added_tokens.json": _both(
        OLD_JSON, {MORE: {"[X1]": tiny.R}, f"{CONFIG}:additional_special_tokens": ["[X1]"]}
    ),
    "vocab.txt, added_tokens.json": _both(OLD, {MORE: {"newtok": tiny.R, "[X1]": tiny.R + 1}}),
    "vocab.txt, another cls token": _both(OLD, {f"{CONFIG}:cls_token": "hello", f"{MAP}:cls_token": "hello"}),
    "vocab.txt, another unk token": _both(OLD, {f"{CONFIG}:unk_token": "new", f"{MAP}:unk_token": "new"}),
    "BertProcessing": {
        f"{JSON}:post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    },
    "a template with another first token": {
        f"{JSON}:post_processor:special_tokens:[CLS]": {"id": "[CLS]", "ids": [7], "tokens": ["c"]}
    },
    "no truncation and padding": {f"{JSON}:truncation": None, f"{JSON}:padding": None},
    "another unk in tokenizer.json": {f"{JSON}:model:unk_token": "new"},
    "ids with holes": {f"{JSON}:model:vocab:hello": tiny.R + 2, VOCAB: NO},
}

REFUSED = {
    "class": ({f"{CONFIG}:tokenizer_class": "RobertaTokenizer"}, "tokenizer_class 'RobertaTokenizer'"),
    "class of config.json": (
        {f"{CONFIG}:tokenizer_class": NO, "config.json:tokenizer_class": "X"},
        "tokenizer_class 'X'",
    ),
    "do_lower_case null": ({f"{CONFIG}:do_lower_case": None}, "do_lower_case None"),
    "strip_accents a number": ({f"{CONFIG}:strip_accents": 1}, "strip_accents 1"),
    "neither file": ({JSON: NO, VOCAB: NO}, "neither tokenizer.json nor vocab.txt"),
    "no JSON": ({JSON: "{"}, "tokenizer.json is not valid JSON"),
    "vocabularies disagree": ({VOCAB: "\n".join(reversed(tiny.VOCAB))}, "vocab.txt and tokenizer.json disagree"),
    "tokenizer_file": ({f"{CONFIG}:tokenizer_file": "/elsewhere/tokenizer.json"}, "tokenizer_file"),
    "vocab_file": ({f"{CONFIG}:vocab_file": "/elsewhere/vocab.txt"}, "vocab_file"),
    "auto_map": ({f"{CONFIG}:auto_map": {"AutoTokenizer": ["a.B", None]}}, "auto_map"),
    "left truncation": ({f"{CONFIG}:truncation_side": "left"}, "truncation_side 'left'"),
    "left padding": ({f"{CONFIG}:padding_side": "left"}, "padding_side 'left'"),
    "left truncation in JSON": ({f"{JSON}:truncation:direction": "Left"}, "truncation on the Left"),
    "left padding in JSON": ({f"{JSON}:padding:direction": "Left"}, "padding on the Left"),
    "split specials": ({f"{CONFIG}:split_special_tokens": 1}, "split_special_tokens 1"),
    "no attention mask": ({f"{CONFIG}:model_input_names": ["input_ids"]}, "model_input_names"),
    "versions": ({f"{CONFIG}:fast_tokenizer_files": ["tokenizer.4.0.0.json"]}, "fast_tokenizer_files"),
    "model": ({f"{JSON}:model:type": "BPE"}, "model of type BPE"),
    "prefix": ({f"{JSON}:model:continuing_subword_prefix": "@@"}, "continuing_subword_prefix '@@'"),
    "normalizer": ({f"{JSON}:normalizer": {"type": "Lowercase"}}, "normalizer of type Lowercase"),
    "no normalizer": ({f"{JSON}:normalizer": None}, "normalizer of type None"),
    "normalizer without clean_text": ({f"{JSON}:normalizer:clean_text": NO}, "clean_text"),
    "pre-tokenizer": ({f"{JSON}:pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer of type Whitespace"),
    "post-processor": ({f"{JSON}:post_processor": {"type": "ByteLevel"}}, "post_processor"),
    "no post-processor": ({f"{JSON}:post_processor": None}, "post_processor"),
    "template types": ({f"{JSON}:post_processor:single:1:Sequence:type_id": 1}, "post_processor"),
    "word limit": ({f"{JSON}:model:max_input_chars_per_word": 0}, "max_input_chars_per_word 0"),
    "unk missing": ({f"{JSON}:model:unk_token": "nowhere"}, "unk_token 'nowhere'"),
    "unk is cls": ({f"{JSON}:model:unk_token": "[CLS]"}, "are the same"),
    "cls missing": ({f"{JSON}:post_processor:special_tokens:[CLS]:ids": [tiny.R + 5]}, "[CLS]"),
    "two tokens of one id": ({f"{JSON}:model:vocab:hello": 9, VOCAB: NO}, "the same id"),
    "options disagree": ({f"{DECODER}:4:lstrip": True}, "the added token [MASK] has other options"),
    "ids disagree": ({DECODER: {NEXT: tiny.token("hello", **PLAIN)}}, "the added token hello has the id"),
    "too many tokens": ({DECODER: {NEXT: tiny.token("[X1]"), "999": tiny.token("[X2]")}}, "the added token [X2]"),
    "normalized to nothing": (_added("\u0301\u200b", **PLAIN), "nothing is left of the added token"),
    "split specials to neither": ({f"{CONFIG}:split_special_tokens": "no"}, "split_special_tokens 'no'"),
    "normalized twice": (
        {DECODER: {NEXT: tiny.token("NEWTOK", **PLAIN), str(tiny.R + 1): tiny.token("newtok", **PLAIN)}},
        "two added tokens are newtok",
    ),
    "a token too long": (_added("x" * 1025, normalized=False), "longer than 1024 bytes"),
    "a word too long": ({f"{JSON}:model:vocab:{'y' * 1025}": tiny.R, VOCAB: NO}, "longer than 1024 bytes"),
    "untyped special": ({f"{CONFIG}:mask_token": tiny.token("[X1]")}, "mask_token"),
    "unknown option": ({f"{DECODER}:4:sticky": True}, "unknown option sticky"),
    "option not bool": ({f"{DECODER}:4:lstrip": "yes"}, "lstrip of the token [MASK]"),
    "cls not in vocab.txt": (_both(OLD, {f"{MAP}:cls_token": "nowhere"}), "cls_token 'nowhere'"),
    "added id past the rows": (
        {DECODER: {str(tiny.R + i): tiny.token(f"[Y{i}]") for i in range(ROOM + 1)}},
        "word rows",
    ),
    "vocabulary past the rows": ({f"{JSON}:model:vocab:hello": tiny.R + ROOM, VOCAB: NO}, "vocab_size"),
}


def _derive(folder: str, bert: dict):
    return tokenizer.read_tokenizer(Folder(folder), bert, tiny.R + ROOM).state


def _write(folder, changes: dict) -> dict:
    made = {**tiny.tokenizer_files(), "config.json": {"model_type": "bert"}}
    tiny.write_files(str(folder), tiny.edit(made, changes))
    return made["config.json"]


def _rebuilt(state) -> "tokenizers.Tokenizer":
    """The Rust tokenizer from our state alone: contents are stored normalised, so they are added under a normalizer
    leaves them as they are."""
    words = {word: i for i, word in enumerate(state.vocab) if word}
    unk = state.vocab[state.unk_id]
    model = tokenizers.models.WordPiece(words, unk_token=unk, max_input_chars_per_word=state.max_input_chars_per_word)
    made = tokenizers.Tokenizer(model)
    made.normalizer = tokenizers.normalizers.BertNormalizer(False, False, False, False)
    for token in sorted(state.added, key=lambda token: token.id):
        made.add_tokens(
            [
                tokenizers.AddedToken(
                    token.content,
                    single_word=token.single_word,
                    lstrip=token.lstrip,
                    rstrip=token.rstrip,
                    normalized=token.normalized,
                    special=token.special,
                )
            ]
        )
    made.normalizer = tokenizers.normalizers.BertNormalizer(
        state.clean_text, state.handle_chinese_chars, state.strip_accents, state.lowercase
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.encode_special_tokens = state.special_tokens_are_text
    return made


def _flags(token) -> tuple:
    return (
        token["id"],
        token["single_word"],
        token["lstrip"],
        token["rstrip"],
        token["normalized"],
        token["special"],
    )


def _compare_state(state, backend: dict) -> None:
    """Field by field."""
    normalizer, model = backend["normalizer"], backend["model"]
    strip = normalizer["strip_accents"]
    assert state.clean_text == normalizer["clean_text"]
    assert state.handle_chinese_chars == normalizer["handle_chinese_chars"]
    assert state.lowercase == normalizer["lowercase"]
    assert state.strip_accents == (normalizer["lowercase"] if strip is None else strip)
    assert state.max_input_chars_per_word == model["max_input_chars_per_word"]
    assert state.vocab[state.unk_id] == model["unk_token"]
    assert {w: i for i, w in enumerate(state.vocab) if w} == {w: i for w, i in model["vocab"].items() if w}
    # What normalisation makes of a content is compared by ids, and in test_normalizer.py.
    ours = sorted(("" if token.normalized else token.content, _flags(vars(token))) for token in state.added)
    theirs = sorted(
        ("" if token["normalized"] else token["content"], _flags(token)) for token in backend["added_tokens"]
    )
    assert ours == theirs


@pytest.mark.parametrize("name", EQUAL)
def test_state_equals_transformers(name, tmp_path):
    """The derived state is the effective one."""
    bert = _write(tmp_path, EQUAL[name])
    state = _derive(str(tmp_path), bert)
    real = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    _compare_state(state, json.loads(real.backend_tokenizer.to_str()))
    assert state.special_tokens_are_text == real.backend_tokenizer.encode_special_tokens
    rebuilt = _rebuilt(state)
    for text in TEXTS:
        expected = real(text, truncation=False)["input_ids"]
        assert [state.cls_id, *rebuilt.encode(text).ids, state.sep_id] == expected, text


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_represented_is_refused(name, tmp_path):
    """The sentence names the thing."""
    changes, words = REFUSED[name]
    bert = _write(tmp_path, changes)
    with pytest.raises(Refused) as caught:
        _derive(str(tmp_path), bert)
    assert words in str(caught.value)


def test_there_are_enough_variants():
    """At least fifty are compared, not only refused."""
    assert len(EQUAL) >= 50


def test_the_demonstration_model_has_the_same_state():
    """The real vocabulary, once."""
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "models", "interviews")
    state = tokenizer.read_tokenizer(Folder(folder), {"model_type": "bert"}, 30522).state
    real = transformers.AutoTokenizer.from_pretrained(folder)
    _compare_state(state, json.loads(real.backend_tokenizer.to_str()))
    assert (state.unk_id, state.cls_id, state.sep_id) == (100, 101, 102)
