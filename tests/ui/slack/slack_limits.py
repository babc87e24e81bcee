"""What Slack takes and what it would act on: written from its documentation, apart from the code that is tested.

https://docs.slack.dev: reference/block-kit, reference/methods/chat.postMessage, messaging/formatting-message-text
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block

from ui.slack.blocks import SlackMessage

# Of these kinds only "text" and "link" are ours: the others would call people, name channels or draw emoji.
_RICH_PARTS = {"text", "link"}
_RICH_CONTAINERS = {"rich_text_section", "rich_text_quote"}
_ACTIVE_IN_MRKDWN = [
    re.compile(r"<[^>]*>"),  # <@U1>, <!here>, <#C1>, <!date^…>, <https://…|label>
    re.compile(r"&(?!amp;|lt;|gt;)"),
    re.compile(r"(?<![A-Za-z0-9])([*_~])(?=\S).*\1(?![A-Za-z0-9])"),
    re.compile(r"`"),
    re.compile(r":[^\s:∶]{1,100}:"),  # no name of an emoji has the sign of ratio in it
    re.compile(r"^\s*&gt;", re.MULTILINE),
    re.compile(r"@(?:channel|here|everyone)\b", re.IGNORECASE),
]


def active_in_mrkdwn(text: str) -> list[str]:
    """What Slack would not show as it stands in a text."""
    return [found[0] for pattern in _ACTIVE_IN_MRKDWN for found in pattern.finditer(text)]


def refused(message: SlackMessage) -> list[str]:
    """Why Slack would refuse a message, or act on something in it; empty if it would do neither."""
    reasons = [f"active: {token!r}" for token in active_in_mrkdwn(message.text)]
    if not 1 <= len(message.text.encode()) <= 4000:
        reasons.append("text: length")
    if not 1 <= len(message.blocks) <= 50:
        reasons.append("blocks: number")
    ids = [block["block_id"] for block in message.blocks if "block_id" in block]
    if len(set(ids)) < len(ids) or any(not isinstance(name, str) or not 1 <= len(name) <= 255 for name in ids):
        reasons.append("block_id")
    if len(json.dumps(message.blocks, ensure_ascii=False).encode()) + 100 * len(message.blocks) > 12_000:
        reasons.append("blocks: size")
    for block in message.blocks:
        parsed = Block.parse(dict(block))
        if parsed is None:
            reasons.append(f"unknown block {block['type']!r}")
        else:
            parsed.validate_json()
        reasons += _CHECKS[str(block["type"])](block)
    return reasons


def texts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every text that a message shows."""
    for part in parts:
        if isinstance(part.get("text"), str):
            yield part["text"]
        elif isinstance(part.get("text"), dict):
            yield part["text"]["text"]
        yield from texts(part.get("elements", []))


def links(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every address that a message leads to."""
    for part in parts:
        if "url" in part:
            yield part["url"]
        yield from links(part.get("elements", []))


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    if not block["elements"] or set(block) - {"type", "block_id", "elements"}:
        yield "rich_text"
    for container in block["elements"]:
        if container["type"] not in _RICH_CONTAINERS or not container["elements"]:
            yield f"rich_text: {container['type']}"
        for part in container["elements"]:
            if part["type"] not in _RICH_PARTS or set(part) - {"type", "text", "url", "style"} or not part["text"]:
                yield f"rich_text: {part}"
            if set(part.get("style", {})) - {"bold", "italic"}:
                yield f"style: {part['style']}"
            if part["type"] == "link" and not re.fullmatch(r"https?://[!#-;=?-\[\]_a-z~]{1,2990}", part["url"]):
                yield f"link: {part['url']!r}"


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "context: number"
    for element in block["elements"]:
        if element["type"] != "plain_text" or element["emoji"] or not 1 <= len(element["text"]) <= 3000:
            yield f"context: {element}"


def _context_actions(block: Mapping[str, Any]) -> Iterator[str]:
    for element in block["elements"]:
        if element["type"] != "feedback_buttons" or not 1 <= len(element["action_id"]) <= 255:
            yield "feedback_buttons"
        yield from _buttons([element["positive_button"], element["negative_button"]])


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 25 or len({one["action_id"] for one in block["elements"]}) < 2:
        yield "actions"
    yield from _buttons(block["elements"])


def _buttons(buttons: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for button in buttons:
        if not 1 <= len(button["text"]["text"]) <= 75 or button["text"]["type"] != "plain_text":
            yield "button: text"
        if not 1 <= len(button["value"]) <= 2000:
            yield "button: value"


_CHECKS = {
    "rich_text": _rich_text,
    "context": _context,
    "context_actions": _context_actions,
    "actions": _actions,
}
