"""What can go wrong in `index/`. Each message says what happened, with which value, and what to do about it.

FootnoteError                 every error meant for a person
├── LoadError                 one document could not be read; the others are not concerned
├── EmbeddingError            a model could not be loaded, or its endpoint did not answer
├── IndexMismatchError        the index was made with another embedding model or chunking
├── StoreError                the catalog or the vector store cannot be used
├── FilterError               a filter names something that no document can be
└── SettingsError             a setting has a value that cannot work
"""


class FootnoteError(Exception):
    """Base of every error whose message is meant for a person."""

    content = ""
    """What of the message are a server's words, which may repeat what it was asked: left out of logs."""


class LoadError(FootnoteError):
    """A document could not be read."""


class EmbeddingError(FootnoteError):
    """An embedding model could not be loaded or did not answer."""


class IndexMismatchError(FootnoteError):
    """The index was made with another embedding model or chunking than the one asked for."""


class StoreError(FootnoteError):
    """The catalog or the vector store cannot be opened or used."""


class FilterError(FootnoteError):
    """A filter names something that no document can be."""


class SettingsError(FootnoteError):
    """A setting has a value that cannot work."""
