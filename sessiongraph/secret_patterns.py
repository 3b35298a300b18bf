"""What keys and tokens look like: the patterns of detect-secrets, and of services that it does not know.

Importing this imports detect-secrets, so it is imported when a text first holds something as long as a key. Of its
plugins, those are taken whose keys cannot be taken for anything else; what is told by the words around it is in
`secret_masking`.
"""

import logging
import re
import warnings
from collections.abc import Iterable

_showwarning = warnings.showwarning
from detect_secrets.plugins import (  # noqa: E402
    aws,
    azure_storage_key,
    discord,
    github_token,
    gitlab_token,
    mailchimp,
    openai,
    pypi_token,
    sendgrid,
    slack,
    square_oauth,
    stripe,
    telegram_token,
    twilio,
)
from detect_secrets.plugins.base import RegexBasedDetector  # noqa: E402

# It routes warnings to the log when it is imported. That is for the process that we are in to decide.
if warnings.showwarning is not _showwarning:
    logging.captureWarnings(False)

_DETECTORS: tuple[type[RegexBasedDetector], ...] = (
    aws.AWSKeyDetector,
    azure_storage_key.AzureStorageKeyDetector,
    discord.DiscordBotTokenDetector,
    github_token.GitHubTokenDetector,
    gitlab_token.GitLabTokenDetector,
    mailchimp.MailchimpDetector,
    openai.OpenAIDetector,
    pypi_token.PypiTokenDetector,
    sendgrid.SendGridDetector,
    slack.SlackDetector,
    square_oauth.SquareOAuthDetector,
    stripe.StripeDetector,
    telegram_token.TelegramBotTokenDetector,
    twilio.TwilioKeyDetector,
)
_OTHERS = {
    "Anthropic Key": r"sk-ant-[\w-]{20,}",
    "API Key": r"sk-(?:[a-z0-9]+-){0,3}\w{20,}|xai-\w{40,}|gsk_\w{40,}",
    "DigitalOcean Token": r"do[opr]_v1_[a-f0-9]{64}",
    "GitHub Token": r"github_pat_\w{22,}",
    "Google Key": r"AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,}",
    "Hugging Face Token": r"hf_[A-Za-z0-9]{30,}",
    "JSON Web Token": r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    "NPM Token": r"npm_[A-Za-z0-9]{36}",
    "Private Key": r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    "Shopify Token": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    "Stripe Access Key": r"[rs]k_test_\w{24,}",
}


def _patterns() -> Iterable[tuple[str, re.Pattern[str]]]:
    for detector in (kind() for kind in _DETECTORS):
        yield from ((detector.secret_type, pattern) for pattern in detector.denylist)
    yield from ((kind, re.compile(pattern, re.ASCII)) for kind, pattern in _OTHERS.items())


PATTERNS = tuple(_patterns())
