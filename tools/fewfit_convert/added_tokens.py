# SPDX-License-Identifier: MIT
"""Added and special tokens, gathered as transformers 4.52 gathers them for a BertTokenizerFast.

They may stand in four files: tokenizer.json, tokenizer_config.json, special_tokens_map.json and added_tokens.json;
which of them count depends on which are there. The steps below keep transformers' order, because new tokens get
their ids by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Union

from . import spec
from .errors import Refused
from .folder import Folder

CONFIG = "tokenizer_config.json"
TOKENIZER = "tokenizer.json"
SPECIAL_MAP = "special_tokens_map.json"
ADDED = "added_tokens.json"

_ATTRIBUTES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_MORE = "additional_special_tokens"
_DEFAULTS = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


@dataclass(frozen=True)
class Token:
    """A token with its options; `normalized` follows from `special` where it was not given."""

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: Optional[bool] = None
    special: bool = False

    def settled(self) -> "Token":
        """The same token with `normalized` decided."""
        return self if self.normalized is not None else replace(self, normalized=not self.special)


Value = Union[str, Token]


def _content(value: Value) -> str:
    """The text of a token in either form."""
    return value if isinstance(value, str) else value.content


def parse_token(value: Any, name: str) -> Token:
    """A token from its JSON object in the file called `name`."""
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        raise Refused(f"a token in {name} has no content")
    flags = {key: value[key] for key in _FLAGS if value.get(key) is not None}
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise Refused(f"{key} of the token {value['content']} in {name} is neither true nor false")
    unknown = set(value) - set(_FLAGS) - {"content", "id", "__type"}
    if unknown:
        raise Refused(f"the token {value['content']} in {name} has the unknown option {sorted(unknown)[0]}")
    return Token(value["content"], **flags)


def listed_tokens(tokenizer: Dict[str, Any]) -> List[Any]:
    """`added_tokens` of tokenizer.json."""
    added = tokenizer.get("added_tokens") or []
    if not isinstance(added, list):
        raise Refused(f"added_tokens in {TOKENIZER} is no list")
    return added


def _id(value: Any, content: str, name: str) -> int:
    """An id as JSON gives it: a number, or a key that reads as one."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise Refused(f"the id of the token {content} in {name} is not a number") from None


class AddedVocabulary:
    """The added tokens of the Rust library: what is added twice must agree, what is new gets the next id."""

    def __init__(self, vocab: Dict[str, int]) -> None:
        self._vocab = vocab
        self.tokens: Dict[str, Token] = {}
        self.ids: Dict[str, int] = {}
        self._next = len(vocab)  # the Rust library counts tokens, not ids: with holes in the ids, the two differ

    def add(self, token: Token, name: str, wanted: Optional[int] = None) -> None:
        """Adds a token that the file called `name` mentions, with the id it states."""
        token = token.settled()
        if not token.content:
            return
        before = self.tokens.get(token.content)
        if before is not None and before != token:
            raise Refused(f"the added token {token.content} has other options in {name} than elsewhere in the folder")
        if before is None:
            self.ids[token.content] = self._vocab.get(token.content, self._next)
            self._next = max(self._next, self.ids[token.content] + 1)
            self.tokens[token.content] = token
        if wanted is not None and wanted != self.ids[token.content]:
            raise Refused(
                f"the added token {token.content} has the id {wanted} in {name}, but by the vocabulary it is "
                f"{self.ids[token.content]}"
            )


@dataclass
class _Gathered:
    """What the configuration files say before the tokenizer is made."""

    settings: Dict[str, Any]
    decoder: Dict[int, Token]
    by_content: Dict[str, Token]


def _typed(value: Any, name: str) -> Any:
    """JSON values with objects of `__type` AddedToken made tokens."""
    if isinstance(value, dict) and value.get("__type") == "AddedToken":
        return parse_token(value, name)
    if isinstance(value, list):
        return [_typed(item, name) for item in value]
    return value


def _more(settings: Dict[str, Any]) -> List[Any]:
    """The special tokens that have no attribute of their own, whatever they are."""
    more = settings.get(_MORE) or []
    if not isinstance(more, list):
        raise Refused(f"{_MORE} in {CONFIG} or {SPECIAL_MAP} is no list of tokens")
    return more


def _from_config(gathered: _Gathered) -> None:
    """`added_tokens_decoder` of tokenizer_config.json; where it is there, the older files do not count."""
    decoder = gathered.settings["added_tokens_decoder"]
    if not isinstance(decoder, dict):
        raise Refused(f"added_tokens_decoder in {CONFIG} is not an object")
    for number, value in decoder.items():
        token = parse_token(value, CONFIG)
        gathered.decoder[_id(number, token.content, CONFIG)] = token
        gathered.by_content[token.content] = token


def _special_map(folder: Folder, settings: Dict[str, Any]) -> None:
    """special_tokens_map.json, which overrides the special tokens of tokenizer_config.json."""
    for key, value in folder.json_object(SPECIAL_MAP, needed=False).items():
        if isinstance(value, dict):
            value = parse_token({**value, "special": True}, SPECIAL_MAP)
        elif key == _MORE and isinstance(value, list):
            more = list(_more(settings))
            for item in value:
                token = parse_token({**item, "special": True}, SPECIAL_MAP) if isinstance(item, dict) else item
                more += [] if token in more else [token]
            value = more
        settings[key] = value


def _added_file(folder: Folder, gathered: _Gathered) -> None:
    """added_tokens.json: contents and ids only."""
    names = gathered.settings
    special = {_content(names[key]) for key in _ATTRIBUTES if isinstance(names.get(key), (str, Token))}
    special |= {_content(item) for item in _more(names) if isinstance(item, (str, Token))}
    for content, number in folder.json_object(ADDED, needed=False).items():
        is_special = content in special
        token = Token(content, normalized=not is_special, special=is_special)
        gathered.decoder[_id(number, content, ADDED)] = token


def _from_older_files(folder: Folder, gathered: _Gathered, tokenizer: Optional[Dict[str, Any]]) -> None:
    """What counts where tokenizer_config.json has no `added_tokens_decoder`."""
    _special_map(folder, gathered.settings)
    _added_file(folder, gathered)
    for value in listed_tokens(tokenizer or {}):
        token = parse_token(value, TOKENIZER)
        gathered.decoder[_id(value.get("id"), token.content, TOKENIZER)] = token
        gathered.by_content[token.content] = token


def _special_values(gathered: _Gathered) -> Dict[str, Any]:
    """The value of each special attribute, in transformers' order."""
    settings, values = gathered.settings, {}
    for key in _ATTRIBUTES:
        value = settings[key] if key in settings else _DEFAULTS.get(key)
        if value is not None and not isinstance(value, (str, Token)):
            raise Refused(f"{key} in {CONFIG} or {SPECIAL_MAP} is no token")
        if key in settings and value is not None:
            value = gathered.by_content.get(_content(value), value)
        values[key] = value
    more = _more(settings)
    if not all(isinstance(item, (str, Token)) for item in more):
        raise Refused(f"{_MORE} in {CONFIG} or {SPECIAL_MAP} is no list of tokens")
    values[_MORE] = more
    extra = settings.get("extra_special_tokens") or {}
    if not isinstance(extra, dict) or not all(isinstance(item, (str, Token)) for item in extra.values()):
        raise Refused(f"extra_special_tokens in {CONFIG} is no object of tokens")
    values.update(extra)
    return values


def _special_tokens(values: Dict[str, Any]) -> List[Value]:
    """All special tokens, each content once."""
    found: Dict[str, Value] = {}
    for value in values.values():
        for item in value if isinstance(value, list) else [value] if value else []:
            found.setdefault(_content(item), item)
    return list(found.values())


def gather(
    folder: Folder, config: Dict[str, Any], tokenizer: Optional[Dict[str, Any]], vocabulary: AddedVocabulary
) -> Dict[str, Any]:
    """Adds every token that the folder asks for to `vocabulary`; returns the special attributes."""
    settings = {key: value for key, value in config.items()}
    gathered = _Gathered(settings, {}, {})
    if "added_tokens_decoder" in settings:
        _from_config(gathered)
    else:
        _from_older_files(folder, gathered, tokenizer)
    for key in list(settings):
        if key != "added_tokens_decoder":
            settings[key] = _typed(settings[key], CONFIG)
    if isinstance(settings.get("extra_special_tokens"), dict):
        extra = settings["extra_special_tokens"]
        settings["extra_special_tokens"] = {key: _typed(value, CONFIG) for key, value in extra.items()}
    values = _special_values(gathered)
    special = _special_tokens(values)
    names = {_content(value) for value in special}
    source = CONFIG if "added_tokens_decoder" in settings else ADDED
    for number, token in sorted(gathered.decoder.items()):
        vocabulary.add(replace(token, special=token.special or token.content in names), source, number)
    for value in special:
        if isinstance(value, str) and value in vocabulary.tokens:
            continue
        token = Token(value, special=True) if isinstance(value, str) else replace(value, special=True)
        vocabulary.add(token, CONFIG if "added_tokens_decoder" in settings else SPECIAL_MAP)
    if len(vocabulary.tokens) > spec.MAX_ADDED_TOKENS:
        raise Refused(f"{len(vocabulary.tokens)} added tokens; a model file holds at most {spec.MAX_ADDED_TOKENS}")
    return values
