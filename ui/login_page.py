"""The login page as HTML, for a browser without scripts too."""

from enum import Enum
from html import escape

from ui.accounts import LONGEST_NAME
from ui.messages import Messages
from ui.static_files import StaticFiles


class LoginState(Enum):
    """Why the login page is shown."""

    ASKED = "asked"
    LOGGED_OUT = "logged out"
    FAILED = "failed"
    LIMITED = "limited"

    @property
    def status(self) -> int:
        """The status of the response."""
        return {LoginState.FAILED: 403, LoginState.LIMITED: 429}.get(self, 200)


def login_html(
    state: LoginState, *, messages: Messages, static: StaticFiles, name: str = "", destination: str = ""
) -> str:
    """Write the login page.

    Args:
        state: Why it is shown.
        messages: The sentences, in the reader's language.
        static: Holds its stylesheets.
        name: What was typed before.
        destination: The query of the page's address to go on to.
    """
    styles = "".join(f'<link rel="stylesheet" href="{static.address(file)}">' for file in static.names(".css"))
    wrong = ' aria-invalid="true" aria-describedby="notice"' if state is LoginState.FAILED else ""
    focus = ("", " autofocus") if name else (" autofocus", "")
    return (
        f'<!doctype html>\n<html lang="{messages.language}" dir="{messages.direction}">'
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(messages.log_in)} · Footnote</title>"
        f'<link rel="icon" href="{static.address("favicon.svg")}">{styles}</head>'
        f'<body class="login"><main><h1>Footnote</h1>{_notice(state, messages)}'
        '<form method="post" action="login">'
        f'<input type="hidden" name="destination" value="{escape(destination)}">'
        f'<label>{escape(messages.user_name)}<input name="name" value="{escape(name)}" autocomplete="username" '
        f'autocapitalize="none" spellcheck="false" dir="auto" maxlength="{LONGEST_NAME}" required{focus[0]}{wrong}>'
        f'</label><label>{escape(messages.password)}<input name="password" type="password" '
        f'autocomplete="current-password" required{focus[1]}{wrong}></label>'
        f"<button>{escape(messages.log_in)}</button></form></main></body></html>"
    )


def _notice(state: LoginState, messages: Messages) -> str:
    role, text = {
        LoginState.ASKED: ("", ""),
        LoginState.LOGGED_OUT: ("status", messages.logged_out),
        LoginState.FAILED: ("alert", messages.login_failed),
        LoginState.LIMITED: ("alert", messages.login_limited),
    }[state]
    return f'<p id="notice" role="{role}">{escape(text)}</p>' if text else ""
