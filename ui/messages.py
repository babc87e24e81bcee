"""What the page says, and what the API refuses, by language.

The sentences are in `ui/locales/`, one file a language.
"""

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

_LOCALES = Path(__file__).with_name("locales")


@dataclass(frozen=True, slots=True)
class Messages:
    """The sentences in one language. Names in braces are filled with `str.format`."""

    language: str
    title: str
    introduction: str
    documents: str
    no_documents: str
    examples: str
    question: str
    placeholder: str
    ask: str
    stop: str
    skip: str
    searching: str
    found: str
    stopped: str
    failed: str
    busy: str
    offline: str
    regenerate: str
    edit: str
    editing: str
    cancel: str
    suggestions: str
    filters: str
    filters_on: str
    filter_documents: str
    filter_languages: str
    since: str
    until: str
    not_a_date: str
    none_passes: str
    clear_filters: str
    only_this: str
    sources: str
    nearest: str
    nearest_hint: str
    footnote: str
    back: str
    copy_answer: str
    copied: str
    copy_failed: str
    good_answer: str
    bad_answer: str
    comment: str
    send: str
    thanks: str
    why: str
    searched_for: str
    searched_in_context: str
    candidates: str
    more_candidates: str
    by_meaning: str
    by_words: str
    confidence: str
    outcome: str
    shown: str
    same: str
    surplus: str
    outranked: str
    times: str
    milliseconds: str
    step_rewriting: str
    step_retrieval: str
    step_quoting: str
    step_model: str
    document: str
    open_document: str
    close: str
    loading: str
    copy_link: str
    original_page: str
    dated: str
    translate: str
    translation: str
    original: str
    translation_failed: str
    text_before: str
    text_after: str
    document_gone: str
    document_changed: str
    manage_documents: str
    back_to_chat: str
    add_documents: str
    drop_files: str
    file_limits: str
    too_large: str
    page_address: str
    add_page: str
    cannot_add: str
    waiting: str
    reading: str
    search_documents: str
    none_found: str
    column_title: str
    column_language: str
    column_chunks: str
    column_date: str
    column_state: str
    column_actions: str
    state_indexed: str
    state_changed: str
    state_unchanged: str
    state_failed: str
    state_removed: str
    reindex: str
    remove: str
    remove_question: str
    remove_upload: str
    remove_kept: str
    show_more: str
    conversations: str
    new_conversation: str
    search_conversations: str
    no_conversations: str
    no_conversation_found: str
    untitled: str
    rename: str
    delete: str
    delete_question: str
    delete_hint: str
    more_actions: str
    export_markdown: str
    export_json: str
    storage_full: str
    menu: str
    interface_language: str
    log_out: str
    shortcuts: str
    shortcut_question: str
    shortcut_new: str
    shortcut_documents: str
    shortcut_close: str
    shortcut_help: str
    log_in: str
    user_name: str
    password: str
    login_failed: str
    login_limited: str
    logged_out: str
    needs_scripts: str
    problem_key_missing: str
    problem_key_missing_advice: str
    problem_key_invalid: str
    problem_key_invalid_advice: str
    problem_scope_missing: str
    problem_scope_missing_advice: str
    problem_other_site: str
    problem_other_site_advice: str
    problem_uploads_off: str
    problem_uploads_off_advice: str
    problem_not_found: str
    problem_not_found_advice: str
    problem_method: str
    problem_method_advice: str
    problem_timeout: str
    problem_timeout_advice: str
    problem_conflict: str
    problem_conflict_advice: str
    problem_too_large: str
    problem_too_large_advice: str
    problem_media_type: str
    problem_media_type_advice: str
    problem_invalid: str
    problem_invalid_advice: str
    problem_rate_limited: str
    problem_rate_limited_advice: str
    problem_failed: str
    problem_failed_advice: str
    problem_unavailable: str
    problem_unavailable_advice: str

    @property
    def direction(self) -> str:
        """`rtl` for languages written from right to left, else `ltr`."""
        return Locale.parse(self.language).text_direction


@cache
def all_messages() -> dict[str, Messages]:
    """Read the sentences of every language, by ISO 639-1 code.

    Raises:
        TypeError: If a file lacks a sentence, or has one that the page does not know.
    """
    return {
        file.stem: Messages(language=file.stem, **tomllib.loads(file.read_text(encoding="utf-8")))
        for file in sorted(_LOCALES.glob("*.toml"))
    }


def english() -> Messages:
    """Give the sentences in English."""
    return all_messages()["en"]


def messages_for(language: str) -> Messages:
    """Give the sentences in `language` (`fi`, `fi-FI`, `zh-Hant`), in English if there are none."""
    code = language.strip().lower().replace("_", "-").split("-")[0]
    return all_messages().get(code) or english()


def asked_language(accept_language: str | None) -> str | None:
    """Return the language that a program asks for on behalf of its reader; `None` if it asks for none."""
    return preferred_messages(accept_language).language if accept_language else None


def preferred_messages(accept_language: str) -> Messages:
    """Give the sentences in the first language of an `Accept-Language` header that the page speaks, else English.

    Languages are taken by weight (`q`), then in the order named; a malformed entry counts as not there.
    """
    known, weighted = all_messages(), []
    for entry in accept_language.split(","):
        language, _, parameter = entry.partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter.strip() else 1.0
        except ValueError:
            continue
        code = language.strip().lower().split("-")[0]
        if code in known and weight > 0:
            weighted.append((weight, code))
    return known[max(weighted, key=lambda item: item[0])[1]] if weighted else english()


@lru_cache(maxsize=2000)
def language_name(language: str, *, shown_in: str) -> str:
    """Name `language` for a reader of the language `shown_in`; the code itself if it has no name.

    An undetermined language (`und`) has no name worth showing and gives an empty string.
    """
    if language in ("", "und"):
        return ""
    names = Locale.parse(shown_in).languages
    try:
        code = str(Locale.parse(language, sep="-"))
    except (ValueError, UnknownLocaleError):
        return language
    return str(names.get(code) or names.get(code.partition("_")[0]) or language)
