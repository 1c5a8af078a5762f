"""Lamina's answers against those recorded from real TensorFlow and Keras."""

import functools

import pytest

import lamina as tf
from tests.conformance.execute import Question, questions
from tests.conformance.store import ANSWERS, Answers, load
from tests.conformance.values import differences

QUESTIONS = questions()


@functools.cache
def _recorded(group: str) -> Answers:
    return load(ANSWERS, group)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.id for q in QUESTIONS])
def test_answer(question: Question) -> None:
    recorded = _recorded(question.group)
    if question.id not in recorded.answers:
        pytest.fail(f"no recorded answer: run `make record GROUP={question.group}`")
    if recorded.digests[question.id] != question.digest:
        pytest.fail(
            "the inputs or the case changed since its answer was recorded: "
            f"run `make record GROUP={question.group}`"
        )
    answer = question.ask(tf)
    found = differences(recorded.answers[question.id], answer, question.tolerance)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("group", sorted({q.group for q in QUESTIONS}))
def test_every_recorded_answer_has_a_case(group: str) -> None:
    asked = {q.id for q in QUESTIONS if q.group == group}
    stale = sorted(set(_recorded(group).answers) - asked)
    assert not stale, f"run `make record GROUP={group}`: no case for {stale}"
