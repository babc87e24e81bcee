"""The app manifest: it names what the bot listens to and calls, and nothing more."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SLACK = Path(__file__).resolve().parents[3] / "ui" / "slack"
TEXT = (SLACK / "manifest.yaml").read_text(encoding="utf-8")
HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
# What Slack's reference says each method and event needs.
SCOPES_OF_AGENT_VIEW = {"assistant:write"}
SCOPES_OF_METHODS = {
    "assistant_threads_setStatus": {"chat:write"},  # since March 2026
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"im:history"},  # of direct messages only
    "conversations_replies": HISTORY,
    "users_info": {"users:read"},
}
SCOPES_OF_EVENTS: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
}


def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(SLACK.glob("*.py")))


def uncommented() -> str:
    """The manifest for HTTP, made as its first lines say."""
    text = re.sub(r"# ((?:request_)?url: )", r"\1", TEXT)
    return text.replace("socket_mode_enabled: true", "socket_mode_enabled: false")


@pytest.fixture(scope="module")
def manifest() -> Any:
    return yaml.safe_load(TEXT)


def test_it_is_for_socket_mode_and_has_no_address(manifest: Any) -> None:
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert "url" not in manifest["features"]["slash_commands"][0]
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_it_becomes_one_for_http_as_it_says() -> None:
    address = "https://footnote.example/slack/events"
    manifest = yaml.safe_load(uncommented())
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == address
    assert settings["interactivity"]["request_url"] == address
    assert manifest["features"]["slash_commands"][0]["url"] == address
    assert TEXT.count(address) == 3


def test_its_events_are_those_that_the_bot_listens_to(manifest: Any) -> None:
    listened = set(re.findall(r"\.event\(\"([a-z_]+)\"\)", source()))
    assert listened == {"app_home_opened", "app_mention", "message"}
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert events == sorted(SCOPES_OF_EVENTS)
    assert {event.partition(".")[0] for event in events} == listened


def test_its_scopes_are_those_that_events_and_calls_need(manifest: Any) -> None:
    called = set(re.findall(r"\bself\.client\.([a-z]+_[A-Za-z_]+)\(", source()))
    assert called <= set(SCOPES_OF_METHODS)
    needed = SCOPES_OF_AGENT_VIEW.union(
        {"commands"}, *(SCOPES_OF_METHODS[method] for method in called), *SCOPES_OF_EVENTS.values()
    )
    assert manifest["oauth_config"]["scopes"] == {"bot": sorted(needed)}


def test_it_has_the_command_and_the_shortcut(manifest: Any) -> None:
    (command,) = manifest["features"]["slash_commands"]
    (shortcut,) = manifest["features"]["shortcuts"]
    assert command["command"] == "/ask"
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", "ask_about_message")


def test_its_texts_are_no_longer_than_slack_takes(manifest: Any) -> None:
    shown, features = manifest["display_information"], manifest["features"]
    assert 1 <= len(shown["name"]) <= 35
    assert 1 <= len(shown["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert 1 <= len(features["bot_user"]["display_name"]) <= 80
    assert 1 <= len(features["agent_view"]["agent_description"]) <= 300
    assert 1 <= len(features["shortcuts"][0]["name"]) <= 24
    assert 1 <= len(features["shortcuts"][0]["description"]) <= 150
