"""Settings from the environment and from `.env` in the current folder: the only place that reads either."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError
from rag.settings import ChatModelSettings

# What the reranker is called that needs no model, and what stands for none.
LATE_INTERACTION = "late-interaction"
OFF = "off"

MOST_IN_A_WINDOW = 100_000
"""Requests that a rate limit may name: each is remembered until its time has passed."""
_RATE = re.compile(r"(?P<number>[0-9]{1,9})/(?:second|minute|hour|day)")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_PUBLIC_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[^\s?#]*)?")


class Settings(BaseSettings):
    """Every setting, documented in `.env.example` under the name it has there."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,  # a line of `.env` that is left empty is not set
    )

    home: Path = Path(".footnote")
    embedding_model: str | None = None
    embedding_url: str | None = None
    embedding_key: SecretStr | None = None
    allow_download: bool = False
    reranker: str = LATE_INTERACTION
    reranker_url: str | None = None
    reranker_key: SecretStr | None = None
    chroma_url: str | None = None
    max_file_mb: int = Field(default=20, ge=1, le=2000)
    uploads: Literal["on", "off"] = "on"
    auth: SecretStr | None = None
    model: str | None = None
    model_timeout: float = Field(default=120, gt=0)
    context_tokens: int | None = Field(default=None, ge=1024)
    model_temperature: Annotated[float, Field(ge=0, le=2)] | Literal["none"] = 0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    log_format: Literal["auto", "text", "json"] = "auto"
    log_content: Literal["on", "off"] = "off"
    tracing: Literal["on", "off"] = "off"
    public_url: str | None = None
    open: Literal["on", "off"] = "off"
    rate_limit: str = "600/minute"
    cors_origins: str = ""
    api_url: str | None = None
    api_key: SecretStr | None = None
    slack_channels: Path | None = None
    # Named as every OpenAI-compatible tool names them.
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(default=None, validation_alias=AliasChoices("OPENAI_BASE_URL"))
    # Named as Slack's own tools name them.
    slack_bot_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_BOT_TOKEN"))
    slack_app_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_APP_TOKEN"))
    slack_signing_secret: SecretStr | None = Field(default=None, validation_alias=AliasChoices("SLACK_SIGNING_SECRET"))

    @field_validator("rate_limit")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        found = _RATE.fullmatch(value)
        if value != OFF and not (found and 1 <= int(found["number"]) <= MOST_IN_A_WINDOW):
            raise PydanticCustomError(
                "rate",
                "Write a number from 1 to {most}, a slash, and second, minute, hour or day, such as 600/minute; or off",
                {"most": MOST_IN_A_WINDOW},
            )
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        if not all(_ORIGIN.fullmatch(origin) for origin in value.split()):
            raise PydanticCustomError(
                "origins",
                "Write origins such as https://intranet.example, separated by spaces, "
                "each in small letters and without a path or a slash at its end",
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _is_public_url(cls, value: str | None) -> str | None:
        if value is not None and not _PUBLIC_URL.fullmatch(value):
            raise PydanticCustomError(
                "public_url", "Write the address that people use, such as https://footnote.example, without ? and #"
            )
        return value if value is None else value.rstrip("/")

    @property
    def chat_model(self) -> ChatModelSettings | None:
        """The chat model to use, or `None` for verbatim quotes."""
        if not (self.openai_api_key or self.openai_base_url):
            return None
        if not self.model:
            raise SettingsError(
                "OPENAI_API_KEY or OPENAI_BASE_URL is set, but no model is named. "
                "Set FOOTNOTE_MODEL to the model's name, or unset them for verbatim quotes."
            )
        key = self.openai_api_key.get_secret_value() if self.openai_api_key else None
        return ChatModelSettings(
            model=self.model,
            base_url=self.openai_base_url or "https://api.openai.com/v1",
            api_key=key,
            timeout=self.model_timeout,
            context_tokens=self.context_tokens,
            temperature=None if self.model_temperature == "none" else self.model_temperature,
        )

    @property
    def reranks(self) -> bool:
        """Whether the candidates of a search are put into a better order at all."""
        return self.reranker != OFF

    @property
    def reranking_model(self) -> str | None:
        """The cross-encoder to rerank with, by name or path or as the endpoint calls it; `None` for no model."""
        if self.reranker == OFF:
            return None
        if self.reranker != LATE_INTERACTION:
            return self.reranker
        if self.reranker_url:
            raise SettingsError(
                "FOOTNOTE_RERANKER_URL is set, but no model is named. "
                "Set FOOTNOTE_RERANKER to the model's name, or unset the address for late interaction."
            )
        return None


def load_settings(*, home: Path | None = None) -> Settings:
    """Read the settings; `home` goes before the environment.

    Raises:
        SettingsError: If one has a value that cannot work.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{_variable(str(problem['loc'][0]))}: {problem['msg']}"  # without the value, which may be a key
            for problem in error.errors(include_input=False)
        )
        raise SettingsError(f"A setting cannot be used: {problems}. See .env.example.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"The file '.env' in this folder cannot be read: {error}. Save it as UTF-8.") from None
    try:
        # In `.env` no shell has put the home folder in the place of `~`.
        return settings.model_copy(update={"home": (home or settings.home).expanduser()})
    except RuntimeError as error:
        raise SettingsError(f"FOOTNOTE_HOME={str(home or settings.home)!r} cannot be used: {error}") from None


def _variable(field: str) -> str:
    """The name under which a setting is set: with the prefix, unless it has a name of its own."""
    return f"{Settings.model_config['env_prefix']}{field}".upper() if field in Settings.model_fields else field


def limit_threads() -> None:
    """Let matrix products use one thread, unless the user says otherwise; call it before numpy is imported.

    Two threads on shared cores made the small products of a search ten times slower.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
