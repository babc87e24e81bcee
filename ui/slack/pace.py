"""How often the bot may change what stands in a channel."""

import asyncio
import time

# Slack allows one message a second in a channel, and fifty `chat.update` a minute in all; more would be refused.
CHANNEL_SECONDS = 1.2
_MOST_CHANNELS = 1000


class Pace:
    """Gives turns in each channel, `seconds` apart."""

    def __init__(self, seconds: float = CHANNEL_SECONDS) -> None:
        self.seconds = seconds
        self._next: dict[str, float] = {}

    async def turn(self, channel: str) -> None:
        """Wait until it is time for another call."""
        now = time.monotonic()
        at = max(now, self._next.get(channel, 0.0))
        if len(self._next) >= _MOST_CHANNELS:
            self._next = {name: until for name, until in self._next.items() if until > now}
        self._next[channel] = at + self.seconds
        await asyncio.sleep(at - now)
