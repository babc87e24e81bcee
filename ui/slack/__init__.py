"""The Slack bot: the only package that knows Bolt and Slack's client."""
