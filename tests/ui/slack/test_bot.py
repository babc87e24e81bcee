"""The bot from an event of Slack's to what people see in the channel."""

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack, closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from index.errors import StoreError
from index.filters import DocumentFilter
from rag.answers import Answer, Failed, Turn
from rag.errors import ChatModelError, QuestionError
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.slack_server import BOT_ID, BOT_USER, TEAM, Refusal, SlackServer
from tests.ui.slack.conftest import GatedAssistant, Process, running_bot, until
from ui.slack.blocks import answer_text
from ui.slack.bot import BotLimits
from ui.slack.channels import ChannelRules
from ui.slack.incoming import Identity, read_message
from ui.slack.once import Claims
from ui.slack.state_file import StateFile

pytestmark = pytest.mark.anyio
ME = f"<@{BOT_USER}>"


def answered(question: str, text: str, *, language: str = "en", quote: str = "It was in 1875.") -> Answer:
    passage = make_passage(quote, title="Paimio <!channel> & sons", language=language)
    return Answer(
        question,
        language,
        f"{text} [1]",
        answered=True,
        citations=(make_citation(quote, passage=passage),),
        passages=(passage,),
        standalone_question=question,
    )


def assistant_with(*answers: Answer) -> ScriptedAssistant:
    return ScriptedAssistant({answer.question: answer for answer in answers})


def shown(message: dict[str, Any]) -> str:
    """Everything that a message shows."""
    return json.dumps(message, ensure_ascii=False)


async def test_mention_is_answered_in_the_thread_of_the_message(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with(answered("When was it?", "In 1875."))) as bot:
        asked = slack.say("C1", f"{ME} When was it?")
        await bot.send(asked, kind="app_mention")
        await until(lambda: slack.own("C1") and "streaming" not in slack.own("C1")[0] and slack.own("C1")[0]["blocks"])
        [message] = slack.own("C1")
    assert message["thread_ts"] == asked["ts"]
    assert answer_text(message) == "In 1875. [1]"
    assert "It was in 1875." in shown(message)
    assert "<!channel>" not in message["text"]
    assert message["blocks"][-1]["type"] == "context_actions"


@pytest.mark.parametrize(
    ("channel", "text"), [("D1", "When was it?"), ("C1", f"{ME} When was it?")], ids=["direct", "mention"]
)
async def test_same_message_is_answered_once_however_often_it_comes(
    slack: SlackServer, tmp_path: Path, channel: str, text: str
) -> None:
    assistant = assistant_with(answered("When was it?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant) as bot, running_bot(slack, tmp_path, assistant) as other:
        asked = slack.say(channel, text)
        await bot.send(asked, event_id="Ev-same")
        retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
        await asyncio.gather(
            bot.send(asked, event_id="Ev-same", headers=retry),  # Slack did not see the first 200
            bot.send(asked, event_id="Ev-another"),  # the same message under another id
            bot.send(asked, kind="app_mention"),
            other.send(asked, kind="app_mention"),  # and to another process
        )
        await until(partial(has_answer, slack, channel))
        await settled(bot, other)
    assert [answer_text(message) for message in slack.own(channel)] == ["In 1875. [1]"]
    assert [question for question, _ in assistant.asked] == ["When was it?"]


async def test_many_messages_that_two_processes_get_at_once_have_one_answer_each(
    slack: SlackServer, tmp_path: Path
) -> None:
    answers = [answered(f"Question {number}?", f"Answer {number}.") for number in range(15)]
    assistant = assistant_with(*answers)
    limits = BotLimits(channel_seconds=0.0, first_look_seconds=10.0)
    async with (
        running_bot(slack, tmp_path, assistant, limits=limits) as one,
        running_bot(slack, tmp_path, assistant, limits=limits) as other,
    ):
        asked = [slack.say(f"C{number % 4}", f"{ME} {answer.question}") for number, answer in enumerate(answers)]
        kinds = ("app_mention", "message")
        await asyncio.gather(*(bot.send(event, kind=kind) for event in asked for kind in kinds for bot in (one, other)))
        await settled(one, other)
    shown_answers = sorted(answer_text(message) for number in range(4) for message in slack.own(f"C{number}"))
    assert shown_answers == sorted(answer.text for answer in answers)
    assert len(assistant.asked) == 15


async def test_follow_up_needs_no_mention_and_knows_the_thread(slack: SlackServer, tmp_path: Path) -> None:
    assistant = assistant_with(answered("Who was it?", "Aino."), answered("And when?", "In 1933."))
    async with running_bot(slack, tmp_path / "first", assistant) as bot:
        asked = slack.say("C1", f"{ME} Who was it?")
        await bot.send(asked, kind="app_mention")
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
    # Another process, with a home of its own: all that it knows it reads from Slack.
    async with running_bot(slack, tmp_path / "second", assistant) as bot:
        await bot.send(slack.say("C1", "And when?", thread=asked["ts"]))
        await until(lambda: len([one for one in slack.own("C1") if answer_text(one)]) == 2)
        await settled(bot)
    assert assistant.asked[1] == ("And when?", (Turn("Who was it?", "Aino. [1]"),))


async def test_what_people_say_to_each_other_in_a_thread_draws_no_public_refusal(
    slack: SlackServer, tmp_path: Path
) -> None:
    refusal = Answer("Kiitos!", "fi", "Asiakirjoista ei löydy vastausta.", answered=False)
    assistant = assistant_with(answered("Kuka?", "Aino."), refusal)
    async with running_bot(slack, tmp_path, assistant) as bot:
        asked = slack.say("C1", f"{ME} Kuka?")
        await bot.send(asked)
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
        await bot.send(slack.say("C1", "Kiitos!", user="UOTHER", thread=asked["ts"]))
        await until(lambda: slack.ephemeral)
        await settled(bot)
        assert len(slack.own("C1")) == 1
        await bot.send(slack.say("C1", f"{ME} Kiitos!", user="UOTHER", thread=asked["ts"]))
        await until(lambda: len(slack.own("C1")) == 2)
        await settled(bot)
    [told] = slack.ephemeral
    assert (told["user"], told["thread_ts"]) == ("UOTHER", asked["ts"])
    assert "Asiakirjoista ei löydy vastausta." in shown(told)
    assert answer_text(slack.own("C1")[1]) == "Asiakirjoista ei löydy vastausta."


async def test_what_is_not_for_the_bot_is_left_alone(slack: SlackServer, tmp_path: Path) -> None:
    assistant = assistant_with(answered("Who was it?", "Aino."))
    async with running_bot(slack, tmp_path, assistant) as bot:
        root = slack.say("C1", "Lunch?")
        await bot.send(root)  # in a channel, without a mention
        await bot.send(slack.say("C1", "At noon", thread=root["ts"]))  # in a thread without the bot
        asked = slack.say("C1", f"{ME} Who was it?")
        await bot.send(asked, kind="app_mention")
        await until(partial(has_answer, slack, "C1"))
        thread = asked["ts"]
        await bot.send(slack.say("C1", "<@UOTHER> do you know?", thread=thread))  # to somebody else
        await bot.send(slack.say("C1", "Beep", user="UBOT2", thread=thread, bot_id="B2", subtype="bot_message"))
        await bot.send(slack.say("C1", "joined", thread=thread, subtype="channel_join"))
        await bot.send(slack.own("C1")[0] | {"channel": "C1"})  # its own
        changed = {"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "1.2", "message": asked}
        await bot.send(changed | {"hidden": True})
        await bot.send(asked | {"text": f"{ME} Who was she?", "edited": {"user": "UASKER", "ts": "1.3"}})
        await settled(bot)
    assert [question for question, _ in assistant.asked] == ["Who was it?"]
    assert len(slack.own("C1")) == 1
    assert slack.ephemeral == []


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("ar", "متى صدر القانون؟", "صدر القانون في عام 1875 بعد نقاش طويل."),
        ("ja", "法律はいつ公布されましたか？", "法律は1875年に公布されました。"),
        ("fi", "Milloin laki annettiin?", "Laki annettiin vuonna 1875 & sitä muutettiin <myöhemmin>."),
    ],
    ids=["ar", "ja", "fi"],
)
async def test_answer_in_any_language_stands_as_it_is(
    slack: SlackServer, tmp_path: Path, language: str, question: str, text: str
) -> None:
    slack.locales["UASKER"] = "de-DE"
    assistant = assistant_with(answered(question, text, language=language))
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("D1", question))
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    assert [answer_text(message) for message in slack.own("D1")] == [f"{text} [1]"]
    assert assistant.interfaces == ["de"]


async def test_answer_grows_in_a_stream_and_is_formatted_in_the_end(slack: SlackServer, tmp_path: Path) -> None:
    assistant = GatedAssistant({"When?": answered("When?", "In the year 1875, they say.")}, words=3)
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.own("C1") and slack.own("C1")[0]["text"] == "In the ")  # whole words only
        assert slack.own("C1")[0]["streaming"]
        assistant.gate.set()
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
    [message] = slack.own("C1")
    assert answer_text(message) == "In the year 1875, they say. [1]"
    assert slack.count("chat.startStream") == slack.count("chat.stopStream") == slack.count("chat.update") == 1
    start = next(call for call in slack.calls if call.method == "chat.startStream")
    assert (start.arguments["recipient_user_id"], start.arguments["recipient_team_id"]) == ("UASKER", "T1")


@pytest.mark.parametrize("error", ["unknown_method", "missing_scope", "channel_type_not_supported"])
async def test_where_slack_does_not_stream_one_message_is_changed(
    slack: SlackServer, tmp_path: Path, error: str
) -> None:
    slack.always_refused["chat.startStream"] = Refusal(error)
    assistant = GatedAssistant({"When?": answered("When?", "In the year 1875, they say.")}, words=3)
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.own("C1") and slack.own("C1")[0]["text"] == "In the year")
        assistant.gate.set()
        await until(partial(has_answer, slack, "C1"))
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: len([one for one in slack.own("C1") if answer_text(one)]) == 2)
        await settled(bot)
    tried = sum(call.method == "chat.startStream" for call in slack.calls)
    assert tried == (2 if error == "channel_type_not_supported" else 1)  # what Slack never does is not tried again
    assert slack.count("chat.postMessage") == 2


async def test_changes_in_a_channel_keep_their_distance(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused["chat.startStream"] = Refusal("unknown_method")
    answer = answered("When?", " ".join(str(number) for number in range(30)))
    assistant = ScriptedAssistant({"When?": answer}, pause=0.01)
    limits = BotLimits(channel_seconds=0.12, first_look_seconds=0.0)
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    times = [call.at for call in slack.calls if call.method in {"chat.postMessage", "chat.update"}]
    assert 3 <= len(times) <= 8
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.05


async def test_short_wait_for_quick_answers_saves_the_growing_message(slack: SlackServer, tmp_path: Path) -> None:
    limits = BotLimits(channel_seconds=0.0, first_look_seconds=10.0)
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(lambda: slack.own("D1"))
        await settled(bot)
    assert slack.count("chat.startStream") == slack.count("chat.update") == 0
    assert slack.count("chat.postMessage") == 1


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_rate_limit_is_waited_for(slack: SlackServer, tmp_path: Path, method: str) -> None:
    slack.refusals[method].append(Refusal(retry_after=1))
    first_look = 10.0 if method == "chat.postMessage" else 0.0
    limits = BotLimits(channel_seconds=0.0, first_look_seconds=first_look)
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    refused, repeated = [call.at for call in slack.calls if call.method == method][:2]
    assert repeated - refused >= 1.0
    assert [answer_text(message) for message in slack.own("D1")] == ["In 1875. [1]"]


async def test_long_answer_comes_whole_in_several_messages(slack: SlackServer, tmp_path: Path) -> None:
    sentence = "This sentence says that the law of 1875 was changed in the year after. "
    text = (sentence * 60)[:4000].strip()
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", text))) as bot:
        asked = slack.say("C1", f"{ME} When?")
        await bot.send(asked)
        await until(lambda: "context_actions" in shown({"all": slack.own("C1")}))
        await settled(bot)
    messages = slack.own("C1")
    whole = " ".join(filter(None, map(answer_text, messages)))
    assert len(messages) > 1
    assert re.sub(r"\s+", " ", whole) == f"{text} [1]"
    assert {message["thread_ts"] for message in messages} == {asked["ts"]}
    assert ["context_actions" in shown(message) for message in messages] == [False] * (len(messages) - 1) + [True]


@pytest.mark.parametrize("in_thread", [False, True], ids=["channel", "thread"])
async def test_failure_is_told_to_the_asker_only(slack: SlackServer, tmp_path: Path, in_thread: bool) -> None:
    failed = Failed("Nyt ei voi vastata.", ChatModelError("The server is gone."))
    async with running_bot(slack, tmp_path, ScriptedAssistant({"Milloin?": failed})) as bot:
        root = slack.say("C1", "Hei", user="UOTHER")["ts"] if in_thread else None
        await bot.send(slack.say("C1", f"{ME} Milloin?", thread=root))
        await until(lambda: slack.ephemeral)
        await settled(bot)
    assert [(told["user"], told["channel"], told.get("thread_ts")) for told in slack.ephemeral] == [
        ("UASKER", "C1", root)
    ]
    assert "Nyt ei voi vastata." in shown(slack.ephemeral[0])
    assert slack.own("C1") == []


async def test_failure_in_a_direct_message_is_a_message(slack: SlackServer, tmp_path: Path) -> None:
    failed = Failed("今は答えられません。", ChatModelError("The server is gone."))
    async with running_bot(slack, tmp_path, ScriptedAssistant({"いつ？": failed})) as bot:
        await bot.send(slack.say("D1", "いつ？"))
        await until(lambda: slack.own("D1"))
        await settled(bot)
    [message] = slack.own("D1")
    assert "今は答えられません。" in shown(message)
    assert answer_text(message) == ""  # no later question takes it for an answer


async def test_too_long_a_question_is_said_to_be_so_in_its_language(slack: SlackServer, tmp_path: Path) -> None:
    question = "Was steht im Gesetz über die Schulen und die Lehrer auf dem Land?"
    assistant = ScriptedAssistant({question: QuestionError("The question has 9000 characters.")})
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("C1", f"{ME} {question}"))
        await until(lambda: slack.ephemeral)
    assert "Die Frage ist zu lang." in shown(slack.ephemeral[0])


async def test_unforeseen_error_shows_no_details(
    slack: SlackServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = ScriptedAssistant({"Secret plans?": RuntimeError("inner workings")})
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("C1", f"{ME} Secret plans?"))
        await until(lambda: slack.ephemeral)
        await settled(bot)
    assert "Something went wrong" in shown(slack.ephemeral[0])
    assert "inner workings" not in shown(slack.ephemeral[0])
    assert "A question in Slack has no answer" in caplog.text
    assert "Secret plans" not in caplog.text


async def test_full_queue_says_so_and_goes_on(slack: SlackServer, tmp_path: Path) -> None:
    assistant = GatedAssistant({"One?": answered("One?", "Yes."), "Two?": answered("Two?", "No.")})
    limits = BotLimits(at_once=1, waiting=0, channel_seconds=0.0, first_look_seconds=0.0)
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("C1", f"{ME} One?"))
        await until(assistant.at_gate.is_set)
        await bot.send(slack.say("C1", f"{ME} Two?", user="USECOND"))
        await until(lambda: slack.ephemeral)
        assistant.gate.set()
        await settled(bot)
    assert "Many questions are waiting" in shown(slack.ephemeral[0])
    assert slack.ephemeral[0]["user"] == "USECOND"
    assert [answer_text(message) for message in slack.own("C1")] == ["Yes. [1]"]


async def test_channels_are_answered_from_their_documents(slack: SlackServer, tmp_path: Path) -> None:
    hr = DocumentFilter(folders=frozenset({"hr"}))
    rules = ChannelRules(direct=DocumentFilter(languages=frozenset({"de"})), channels={"C1": hr, "C2": None})
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant, rules=rules) as bot:
        for channel in ("C1", "D1", "C3"):
            await bot.send(slack.say(channel, f"{ME} When?"))
            await until(partial(has_answer, slack, channel))
        await bot.send(slack.say("C2", f"{ME} When?"))
        await until(lambda: slack.ephemeral)
        await settled(bot)
    assert assistant.filters == [hr, rules.direct, DocumentFilter()]
    assert slack.own("C2") == []
    assert "I do not answer questions in this channel." in shown(slack.ephemeral[0])


async def test_mention_without_words_introduces_the_bot(slack: SlackServer, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        await bot.send(slack.say("C1", ME))
        await until(lambda: slack.ephemeral)
    assert "Ask in any language." in shown(slack.ephemeral[0])


async def test_direct_messages_are_begun_with_a_greeting_in_the_readers_language(
    slack: SlackServer, tmp_path: Path
) -> None:
    slack.locales["UASKER"] = "fi-FI"
    opened = {"type": "app_home_opened", "user": "UASKER", "channel": "D1", "tab": "messages"}
    async with running_bot(slack, tmp_path, assistant_with()) as bot:
        await asyncio.gather(bot.send(opened), bot.send(opened))
        await until(lambda: slack.own("D1"))
        await settled(bot)
    async with running_bot(slack, tmp_path / "other", assistant_with()) as bot:  # which knows nothing of the first
        await bot.send(opened)
        await bot.send(opened | {"channel": "D2", "tab": "home"})
        slack.say("D3", "Milloin?")
        await bot.send(opened | {"channel": "D3"})
        await bot.send(opened | {"channel": "D4"})
        await until(lambda: slack.own("D4"))
        await settled(bot)
    [greeting] = slack.own("D1")
    assert "Kysy" in shown(greeting)
    assert "thread_ts" not in greeting
    assert slack.own("D2") == slack.own("D3") == []


async def test_mention_that_was_added_by_editing_is_answered_once(slack: SlackServer, tmp_path: Path) -> None:
    assistant = assistant_with(answered("When?", "In 1875."))
    now = time.time()
    async with running_bot(slack, tmp_path, assistant) as bot:
        asked = slack.say("C1", "When?", ts=f"{now - 60:.6f}")
        await bot.send(asked)
        edited = asked | {"text": f"{ME} When?", "edited": {"user": "UASKER", "ts": f"{now:.6f}"}}
        await bot.send(edited, kind="app_mention")
        await until(partial(has_answer, slack, "C1"))
        await bot.send(edited | {"edited": {"user": "UASKER", "ts": f"{now + 1:.6f}"}}, kind="app_mention")
        old = slack.say("C1", f"{ME} When?", ts=f"{now - 25 * 3600:.6f}", edited=edited["edited"])
        await bot.send(old, kind="app_mention")
        await bot.send(edited | {"channel": "D1", "text": "When?"})  # without a mention
        await bot.send(slack.say("C2", f"{ME} When?"))
        await until(partial(has_answer, slack, "C2"))
        await settled(bot)
    assert assistant.asked == [("When?", ())] * 2


@pytest.mark.parametrize("allowed", [False, True], ids=["not here", "here"])
async def test_people_who_ask_nothing_in_a_thread_are_told_nothing(
    slack: SlackServer, tmp_path: Path, allowed: bool
) -> None:
    rules = ChannelRules(channels={} if allowed else {"C1": None})
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), rules=rules) as bot:
        root = slack.say("C1", f"{ME} When?")
        await bot.send(root)
        await until(lambda: has_answer(slack, "C1") or slack.ephemeral)
        await settled(bot)
        slack.ephemeral.clear()
        await bot.send(slack.say("C1", "", user="UPHOTO", thread=root["ts"], subtype="file_share"))
        if not allowed:
            await bot.send(slack.say("C1", "Thanks, see you at lunch", user="UOTHER", thread=root["ts"]))
        await bot.send(slack.say("C1", ME, user="UMENTIONS", thread=root["ts"]))
        await until(lambda: any(told["user"] == "UMENTIONS" for told in slack.ephemeral))
        await settled(bot)
    assert [told["user"] for told in slack.ephemeral] == ["UMENTIONS"]


async def test_refused_feedback_buttons_become_plain_ones(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused["chat.startStream"] = Refusal("unknown_method")
    slack.refusals["chat.postMessage"].append(Refusal("invalid_blocks"))
    limits = BotLimits(channel_seconds=0.0, first_look_seconds=10.0)
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    [message] = slack.own("D1")
    assert message["blocks"][-1]["type"] == "actions"


async def test_answer_that_somebody_deleted_while_it_grew_is_posted_again(slack: SlackServer, tmp_path: Path) -> None:
    assistant = GatedAssistant({"When?": answered("When?", "In the year 1875.")}, words=2)
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(lambda: slack.own("D1"))
        slack.messages["D1"].remove(slack.own("D1")[0])
        assistant.gate.set()
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
    assert [answer_text(message) for message in slack.own("D1")] == ["In the year 1875. [1]"]


async def hang_in_the_middle(bot: Process, slack: SlackServer) -> dict[str, Any]:
    """Ask, and let the bot hang once its first words are there; return the question."""
    asked = slack.say("C1", f"{ME} When?")
    await bot.send(asked)
    await until(lambda: slack.own("C1") and slack.own("C1")[0]["text"].startswith("In"))
    bot.abandon()
    return asked


@pytest.mark.parametrize("streams", [True, False], ids=["stream", "update"])
async def test_answer_of_a_process_that_died_is_finished_by_another(
    slack: SlackServer, tmp_path: Path, streams: bool
) -> None:
    if not streams:
        slack.always_refused["chat.startStream"] = Refusal("unknown_method")
    answer = answered("When?", "In the year 1875.")
    stuck, healthy = GatedAssistant({"When?": answer}, words=2), assistant_with(answer)
    limits = BotLimits(lease_seconds=0.5, channel_seconds=0.0, first_look_seconds=0.0)
    async with AsyncExitStack() as processes:
        first = await processes.enter_async_context(running_bot(slack, tmp_path, stuck, limits=limits))
        await hang_in_the_middle(first, slack)
        second = await processes.enter_async_context(running_bot(slack, tmp_path, healthy, limits=limits))
        second.app.start()
        await until(partial(has_answer, slack, "C1"))
        await settled(second)
        stuck.gate.set()  # the first comes to itself, and sees that it has lost the message
        await settled(first)
    assert [answer_text(message) for message in slack.own("C1")] == ["In the year 1875. [1]"]
    assert slack.count("chat.startStream") + slack.count("chat.postMessage") == 1


async def test_retry_of_slack_takes_over_what_a_process_left(slack: SlackServer, tmp_path: Path) -> None:
    answer = answered("When?", "In the year 1875.")
    stuck, healthy = GatedAssistant({"When?": answer}, words=2), assistant_with(answer)
    short, patient = (BotLimits(lease_seconds=seconds, channel_seconds=0.0) for seconds in (0.2, 60.0))
    async with AsyncExitStack() as processes:
        second = await processes.enter_async_context(running_bot(slack, tmp_path, healthy, limits=patient))
        second.app.start()  # it looks for what was left now, and not again for 20 seconds
        first = await processes.enter_async_context(running_bot(slack, tmp_path, stuck, limits=short))
        asked = slack.say("C1", f"{ME} When?")
        await first.send(asked, event_id="Ev-x")
        await until(stuck.at_gate.is_set)
        first.abandon()
        await asyncio.sleep(0.25)
        await second.send(asked, event_id="Ev-x", headers={"X-Slack-Retry-Num": "1"})
        await until(partial(has_answer, slack, "C1"))
        stuck.gate.set()
        await settled(first, second)
    assert [answer_text(message) for message in slack.own("C1")] == ["In the year 1875. [1]"]


async def test_post_whose_confirmation_was_lost_is_not_repeated(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused["chat.startStream"] = Refusal("unknown_method")
    slack.refusals["chat.postMessage"].append(Refusal("internal_error", does_it=True))
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=10.0)
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.count("chat.update") == 1)
        await settled(bot)
    assert [answer_text(message) for message in slack.own("C1")] == ["In 1875. [1]"]


async def test_later_part_whose_confirmation_was_lost_is_not_repeated(slack: SlackServer, tmp_path: Path) -> None:
    slack.refusals["chat.postMessage"].append(Refusal("internal_error", does_it=True))
    text = " ".join(f"{number} is the number of an extraordinary sentence." for number in range(80))
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=0.0)
    assistant = GatedAssistant({"When?": answered("When?", text)}, words=3)
    async with running_bot(slack, tmp_path, assistant, limits=limits) as bot:
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.own("C1"))  # the first part is streamed
        assistant.gate.set()
        await until(lambda: len(assistant.asked) == 2)  # it is tried again
        await settled(bot)
    parts = [answer_text(message) for message in slack.own("C1")]
    assert len(parts) == 2
    assert " ".join(filter(None, parts)) == f"{text} [1]"


async def test_answer_to_another_question_is_not_taken_for_a_lost_one(slack: SlackServer, tmp_path: Path) -> None:
    stuck = GatedAssistant({"When?": answered("When?", "In the year 1875.")}, words=2)
    assistant = assistant_with(answered("When?", "In the year 1875."), answered("Who?", "Aino."))
    limits = BotLimits(lease_seconds=0.5, channel_seconds=0.0, first_look_seconds=0.0)
    async with AsyncExitStack() as processes:
        first = await processes.enter_async_context(running_bot(slack, tmp_path, stuck, limits=limits))
        asked = await hang_in_the_middle(first, slack)
        # What stands there of another question is not written down yet, as for a moment after each post.
        other = await processes.enter_async_context(running_bot(slack, tmp_path / "other", assistant))
        await other.send(slack.say("C1", f"{ME} Who?", thread=asked["ts"]))
        await until(partial(has_answer, slack, "C1"))
        await settled(other)
        second = await processes.enter_async_context(running_bot(slack, tmp_path, assistant, limits=limits))
        second.app.start()
        await until(lambda: all(map(answer_text, slack.own("C1"))))
        stuck.gate.set()
        await settled(first, second)
    assert [answer_text(message) for message in slack.own("C1")] == ["In the year 1875. [1]", "Aino. [1]"]


async def test_answer_that_slack_keeps_refusing_is_given_up_with_a_word(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused |= {"chat.startStream": Refusal("unknown_method"), "chat.postMessage": Refusal("fatal_error")}
    limits = BotLimits(lease_seconds=0.15, channel_seconds=0.0, first_look_seconds=10.0)
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        await bot.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.ephemeral)
        await settled(bot)
    assert sum(call.method == "chat.postMessage" for call in slack.calls) == 3
    assert "Something went wrong" in shown(slack.ephemeral[0])


async def test_question_that_was_deleted_meanwhile_leaves_no_half_answer(slack: SlackServer, tmp_path: Path) -> None:
    stuck = GatedAssistant({"When?": answered("When?", "In the year 1875.")}, words=2)
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=0.0)
    async with AsyncExitStack() as processes:
        first = await processes.enter_async_context(running_bot(slack, tmp_path, stuck, limits=limits))
        asked = await hang_in_the_middle(first, slack)
        slack.messages["C1"] = [one for one in slack.messages["C1"] if one["ts"] != asked["ts"]]
        second = await processes.enter_async_context(running_bot(slack, tmp_path, assistant_with(), limits=limits))
        second.app.start()
        await until(lambda: "Something went wrong" in slack.own("C1")[0]["text"])
        stuck.gate.set()
        await settled(first, second)
    assert len(slack.own("C1")) == 1


async def test_closing_leaves_what_is_not_finished_to_the_next_process(slack: SlackServer, tmp_path: Path) -> None:
    answer = answered("When?", "In the year 1875.")
    stuck = GatedAssistant({"When?": answer}, words=2)
    async with running_bot(slack, tmp_path, stuck) as first:
        await first.send(slack.say("C1", f"{ME} When?"))
        await until(lambda: slack.own("C1"))
        closing = asyncio.create_task(first.app.close(within=0.05))
        await asyncio.sleep(0.1)
        stuck.gate.set()
        await closing
    async with running_bot(slack, tmp_path, assistant_with(answer)) as second:
        second.app.start()  # its lease of half a minute was given back
        await until(partial(has_answer, slack, "C1"))
        await settled(second)
    assert [answer_text(message) for message in slack.own("C1")] == ["In the year 1875. [1]"]


async def test_closing_lets_answers_end(slack: SlackServer, tmp_path: Path) -> None:
    assistant = ScriptedAssistant({"When?": answered("When?", "In the year 1875.")}, pause=0.05)
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(lambda: assistant.asked)
        await bot.app.close(within=10)
    assert [answer_text(message) for message in slack.own("D1")] == ["In the year 1875. [1]"]


async def test_slack_that_does_not_answer_does_not_delay_the_acknowledgement(
    slack: SlackServer, tmp_path: Path
) -> None:
    slack.refusals["auth.test"].append(Refusal(retry_after=1))
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875."))) as bot:
        await bot.send(slack.say("D1", "When?"))  # it would fail if it waited for `auth.test`
        assert slack.count("auth.test") == 0
        await until(partial(has_answer, slack, "D1"))


async def test_message_is_not_lost_while_slack_does_not_tell_who_the_bot_is(slack: SlackServer, tmp_path: Path) -> None:
    slack.refusals["auth.test"].extend([Refusal("internal_error"), Refusal("internal_error")])
    limits = BotLimits(channel_seconds=0.0, first_look_seconds=0.0, pauses=(0.01, 0.01))
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        await bot.send(slack.say("D1", "When?"))
        await until(partial(has_answer, slack, "D1"))


async def test_question_is_taken_over_once_slack_tells_who_the_bot_is(slack: SlackServer, tmp_path: Path) -> None:
    asked = slack.say("C1", f"{ME} When?")
    left(tmp_path, asked)
    slack.always_refused["auth.test"] = Refusal("internal_error")
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=10.0, pauses=())
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        bot.app.start()
        await until(lambda: sum(call.method == "auth.test" for call in slack.calls) > 4)  # more than it may be tried
        del slack.always_refused["auth.test"]
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
    assert [answer_text(message) for message in slack.own("C1")] == ["In 1875. [1]"]


async def test_question_whose_taking_over_failed_is_taken_over_again(
    slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(tmp_path, slack.say("C1", f"{ME} When?"))
    posted_in, failures = Claims.posted_in, [StoreError("The disk is full.")]

    def failing_once(claims: Claims, channel: str, thread: str) -> set[str]:
        if failures:
            raise failures.pop()
        return posted_in(claims, channel, thread)

    monkeypatch.setattr(Claims, "posted_in", failing_once)
    limits = BotLimits(lease_seconds=0.3, channel_seconds=0.0, first_look_seconds=10.0)
    async with running_bot(slack, tmp_path, assistant_with(answered("When?", "In 1875.")), limits=limits) as bot:
        bot.app.start()
        await until(partial(has_answer, slack, "C1"))
        await settled(bot)
    assert failures == []


def left(home: Path, event: dict[str, Any]) -> None:
    """Claim a message as a process that died afterwards."""
    message = read_message(event, team=TEAM, me=Identity(BOT_USER, BOT_ID, TEAM))
    assert message is not None
    with closing(StateFile(home)) as state:
        assert Claims(state, lease=0.0).claim(message) is not None


async def test_message_says_that_the_bot_searches_where_nothing_else_can(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused |= {
        "assistant.threads.setStatus": Refusal("missing_scope"), "chat.startStream": Refusal("unknown_method"),
    }  # fmt: skip
    assistant = GatedAssistant({"Milloin laki tuli?": answered("Milloin laki tuli?", "Vuonna 1875.")}, words=0)
    async with running_bot(slack, tmp_path, assistant) as bot:
        await bot.send(slack.say("D1", "Milloin laki tuli?"))
        await until(assistant.at_gate.is_set)  # the bot has learnt that Slack does not stream when it is asked again
        assistant.gate.set()
        await until(partial(has_answer, slack, "D1"))
        await settled(bot)
        assistant.gate.clear()
        assistant.at_gate.clear()
        await bot.send(slack.say("D1", "Milloin laki tuli?"))
        await until(lambda: len(slack.own("D1")) == 2)
        assert slack.own("D1")[1]["text"] == "Haetaan asiakirjoista…"
        assistant.gate.set()
        await settled(bot)
    assert [answer_text(message) for message in slack.own("D1")] == ["Vuonna 1875. [1]"] * 2


async def test_thread_that_cannot_be_read_is_answered_without_it(slack: SlackServer, tmp_path: Path) -> None:
    slack.always_refused["conversations.replies"] = Refusal("missing_scope")
    assistant = assistant_with(answered("When?", "In 1875."))
    async with running_bot(slack, tmp_path, assistant) as bot:
        root = slack.say("C1", "Hello")
        await bot.send(slack.say("C1", f"{ME} When?", thread=root["ts"]))
        await until(partial(has_answer, slack, "C1"))
        await bot.send(slack.say("C1", "Nobody mentioned me", thread=slack.say("C1", "Elsewhere")["ts"]))
        await settled(bot)
    assert assistant.asked == [("When?", ())]


def has_answer(slack: SlackServer, channel: str) -> bool:
    return any(answer_text(message) for message in slack.own(channel))


async def settled(*processes: Any) -> None:
    """Wait until nothing is on its way."""
    await until(lambda: not any(bot._tasks for process in processes for bot in process.bots))
