import asyncio
from dataclasses import replace
from pathlib import Path

from bench.browsing import Visit
from bench.crowd import Asked, Event, Heard, PagePlan, ask_at_once, read_plan
from bench.page import PROGRAM, answer_rows, conversations, crowd_rows, mistaken, peak_memory, served, visit_rows

MARKS = {"entered": 1000.0, "sent": 1010.0, "begun": 1030.0, "received": 1100.0, "shown": 1120.0, "done": 1150.0}


def test_no_two_of_fifty_conversations_are_the_same_and_none_repeats_a_question() -> None:
    dealt = [tuple(questions) for questions in conversations(50)]
    assert len(set(dealt)) == 50
    assert [len(set(questions)) for questions in dealt] == [3] * 50


def test_plan_of_a_page_names_its_events_and_parts() -> None:
    config = {
        "dependencies": [
            {"id": 1, "api_name": "answer", "inputs": [7, 5], "outputs": [5, 8, 9]},
            {"id": 4, "api_name": "suggest", "inputs": [5], "outputs": [3]},
        ],
        "components": [
            {"id": 3, "type": "html", "props": {"elem_id": "suggestions", "value": ""}},
            {"id": 5, "type": "state", "props": {}},
            {"id": 7, "type": "textbox", "props": {"elem_id": "question", "value": ""}},
            {"id": 8, "type": "html", "props": {"elem_id": "latest", "value": "old"}},
            {"id": 9, "type": "html", "props": {"elem_id": "kept", "value": None}},
        ],
    }
    assert read_plan(config) == PagePlan(
        answer=Event(1, (7, 5), (5, 8, 9)),
        suggest=Event(4, (5,), (3,)),
        values={3: "", 7: "", 8: "old", 9: None},
        question=7,
        latest=8,
        kept=9,
    )


def test_conversations_at_once_get_their_own_answers_and_a_mixed_up_one_is_noticed(seeds_home: Path) -> None:
    with served([PROGRAM, "--home", seeds_home, "serve", "--port"]) as (url, process):
        heard = asyncio.run(ask_at_once(url, [["What was Dejima?", "Chi inventò la pila?"], ["Chi inventò la pila?"]]))
        assert peak_memory(process) > 50
    assert heard.failures == []
    assert sorted((asked.reader, asked.question) for asked in heard.asked) == [
        (0, "Chi inventò la pila?"),
        (0, "What was Dejima?"),
        (1, "Chi inventò la pila?"),
    ]
    assert all(0 < asked.first <= asked.done for asked in heard.asked)
    assert mistaken(seeds_home, heard) == []
    other = next(asked.kept for asked in heard.asked if asked.reader == 1)
    mixed_up = [replace(asked, kept=other) if asked.question == "What was Dejima?" else asked for asked in heard.asked]
    assert "What was Dejima?" in mistaken(seeds_home, Heard(mixed_up))[0]


def test_rows_of_visits_compare_medians() -> None:
    ours, bare = [Visit(100, 900), Visit(300, 1500), Visit(200, 1000)], [Visit(400, 500)]
    assert list(visit_rows(ours, bare, cache="empty")) == [
        "| first paint, empty cache: median, worst | 200, 300 ms | 400, 400 ms | 0.5 |",
        "| ready to type, empty cache: median, worst | 1000, 1500 ms | 500, 500 ms | 2.0 |",
    ]


def test_rows_of_answers_tell_where_the_time_goes() -> None:
    assert list(answer_rows([MARKS], [{**MARKS, "shown": 1160, "done": 1160}], alone=[40, 50, 60])) == [
        "| key to first text: median, p95 | 120, 120 ms | 160, 160 ms | 0.8 |",
        "| key to whole answer: median, p95 | 150, 150 ms | 160, 160 ms | 0.9 |",
        "| ... Gradio's page: key to request | 10, 10 ms | 10, 10 ms | 1.0 |",
        "| ... Gradio's queue: request to first message | 20, 20 ms | 20, 20 ms | 1.0 |",
        "| ... first message to text, page updates included | 70, 70 ms | 70, 70 ms | 1.0 |",
        "| ... Gradio's page: text to sight | 20, 20 ms | 60, 60 ms | 0.3 |",
        "| the assistant alone, to its first token: median, p95 | 50, 60 ms | | |",
    ]


def test_rows_of_a_crowd_count_failures_and_mistakes() -> None:
    heard = Heard([Asked(0, "?", 10, 20, {}), Asked(1, "?", 30, 50, {})], ["Reader 2, '?': late"])
    assert list(crowd_rows(heard, wrong=["one"])) == [
        "| answers, failures, answers that are not the asker's | 2, 1, 1 |",
        "| question to first text: median, p95, worst | 10, 30, 30 ms |",
        "| question to whole answer: median, p95, worst | 20, 50, 50 ms |",
    ]
