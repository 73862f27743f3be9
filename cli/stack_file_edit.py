"""Changes to a stack file as text: what isn't changed stays as it was written, comments, quotes and blank lines included (pure)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import yaml

_ACCOUNTS = "api-keys:accounts"


class CanNotEdit(Exception):
    """The file is written in a way in which the change can't be made as text; the words say what to write by hand."""


def with_compromised(text: str, account: str, key: str, key_id: str) -> str:
    """The file with `key_id` among the key's `compromised`; as it is, where it is there already. Raises CanNotEdit."""
    by_hand = f"add {key_id} to `compromised` of key {key} of account {account} by hand"
    node = _key_node(text, account, key)
    if node is None:
        raise CanNotEdit(f"the file has no key {key} of account {account}: {by_hand}")
    listed = _value(node, "compromised")
    if listed is None or _is_null(listed):
        edited = _with_entry(text, node, listed, "compromised", f"[{key_id}]")
    elif not isinstance(listed, yaml.SequenceNode):
        raise CanNotEdit(f"`compromised` is no list there: {by_hand}")
    elif any(getattr(item, "value", None) == key_id for item in listed.value):
        return text
    else:
        edited = _with_item(text, listed, key_id)

    def change(config: Any) -> None:
        its_key = _named(_named(config[_ACCOUNTS], account)["keys"], key)
        its_key["compromised"] = [*(its_key.get("compromised") or []), key_id]

    return _proven(text, edited, change, by_hand)


def with_key(text: str, account: str, key: str, scopes: Sequence[str]) -> str:
    """The file with a key at the end of the account's. Raises CanNotEdit."""
    by_hand = f"add key {key} with scopes {', '.join(scopes)} to account {account} by hand"
    keys = _value(_account_node(text, account), "keys")
    if not isinstance(keys, yaml.SequenceNode) or not keys.value:
        raise CanNotEdit(f"the file has no keys of account {account}: {by_hand}")
    entry = f"{{ name: {key}, scopes: [{', '.join(scopes)}] }}"
    edited = _with_item(text, keys, entry)

    def change(config: Any) -> None:
        _named(config[_ACCOUNTS], account)["keys"].append({"name": key, "scopes": list(scopes)})

    return _proven(text, edited, change, by_hand)


def _proven(text: str, edited: str, change: Callable[[object], None], by_hand: str) -> str:
    """`edited`, where it says what `text` says and `change`, and nothing else. Raises CanNotEdit where it doesn't."""
    wanted = _plain(text)
    try:
        change(wanted["config"])
        told = _plain(edited)
    except (yaml.YAMLError, KeyError, TypeError, StopIteration):
        told = None
    if told != wanted:
        raise CanNotEdit(f"it is written in a way that can't be edited safely: {by_hand}")
    return edited


def _plain(text: str) -> Any:
    """What `text` says, an alias of YAML's as a copy: changed in one place, it would be so in two."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def _with_entry(text: str, mapping: yaml.MappingNode, instead: yaml.Node | None, name: str, value: str) -> str:
    """`text` with `name: value` in `mapping`, in the place of an entry without a value where there is one."""
    if instead is not None:
        end = instead.start_mark.index
        return f"{text[:end].rstrip(' ')} {value}{text[instead.end_mark.index :]}"
    if mapping.flow_style:
        end = mapping.end_mark.index - 1
        before = text[:end].rstrip()
        space = text[len(before) : end]
        comma = "" if before.endswith(("{", ",")) else ","
        return f"{before}{comma} {name}: {value}{space}{text[end:]}"
    column = mapping.value[0][0].start_mark.column
    at = _after_line(text, mapping.value[0][1])
    return f"{text[:at]}{' ' * column}{name}: {value}\n{text[at:]}"


def _with_item(text: str, sequence: yaml.SequenceNode, item: str) -> str:
    """`text` with one more item at the end of `sequence`."""
    if sequence.flow_style:
        end = sequence.end_mark.index - 1
        before = text[:end].rstrip()
        space = text[len(before) : end]
        comma = "" if before.endswith(("[", ",")) else ", "
        return f"{before}{comma}{' ' if before.endswith(',') else ''}{item}{space}{text[end:]}"
    last = sequence.value[-1]
    dash = text.rfind("-", 0, last.start_mark.index)
    column = dash - (text.rfind("\n", 0, dash) + 1)
    at = _after_line(text, _last_leaf(last))
    return f"{text[:at]}{' ' * column}- {item}\n{text[at:]}"


def _last_leaf(node: yaml.Node) -> yaml.Node:
    """The last node that is written in `node`: a block's own end lies behind the comments that follow it."""
    while not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _after_line(text: str, node: yaml.Node) -> int:
    """Where the line behind `node` begins; the text's end where there is none."""
    leaf = _last_leaf(node)
    # The end of a text over several lines lies at the beginning of the next one.
    at = leaf.end_mark.index
    while at > leaf.start_mark.index and text[at - 1] == "\n":
        at -= 1
    end = text.find("\n", at)
    if end < 0:
        raise CanNotEdit("its last line has no end: add one")
    return end + 1


def _account_node(text: str, account: str) -> yaml.Node | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return _item(_value(_value(root, "config"), _ACCOUNTS), account)


def _key_node(text: str, account: str, key: str) -> yaml.MappingNode | None:
    node = _item(_value(_account_node(text, account), "keys"), key)
    return node if isinstance(node, yaml.MappingNode) else None


def _item(node: yaml.Node | None, name: str) -> yaml.Node | None:
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    return next((item for item in items if getattr(_value(item, "name"), "value", None) == name), None)


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if getattr(key, "value", None) == name), None)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _named(items: Any, name: str) -> Any:
    return next(item for item in items if item["name"] == name)
