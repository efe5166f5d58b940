"""Secrets and e-mail addresses out of what is answered: senders mask what they know, and not every sender is ours.

By form: tokens whose makers gave them a prefix, private keys, user information in addresses, e-mail addresses. By name:
tags such as `api_token`; in a command and its output `--password hunter2`, `API_TOKEN=hunter2`, `Authorization: Bearer
hunter2`. Sources: the formats that GitHub's secret scanning and GitLab's push rules look for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ci_reporter.system.masking import names_a_secret
from ci_reporter.system.userinfo import HIDDEN, mask_addresses

_TOKEN = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|whsec_[\w+/=-]{20,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*|npm_\w{30,}|pypi-[\w-]{40,}|dckr_pat_[\w-]{20,}|crh_\w{20,})"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
# The look-behind lets a long word be tried once, not from each of its letters on.
_E_MAIL = re.compile(r"(?<![\w.+%-])(?!git@)[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
# Each word is tried once: a name has at most 61 characters, and a value ends with its line.
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s&;]+)"""
_OPTION = re.compile(rf"(?<![\w-])(--?(?P<name>[A-Za-z][\w-]{{0,60}})(?:=|[ \t]{{1,8}}(?!-)))({_VALUE})")
_VARIABLE = re.compile(rf"(?<![\w.-])((?P<name>[A-Za-z_][\w.-]{{0,60}})=)({_VALUE})")
_HEADER = re.compile(
    r"""(?i)(?<![\w-])((?:(?:proxy-)?authorization|x-api-key|private-token|job-token|passw(?:or)?d)["']?:"""
    r"""[ \t]{0,8}["']?)(?:(?:bearer|basic|token)[ \t]{1,8})?[^\s"']+"""
)
_OF_COMMANDS = ("command", "output_tail", "message")
# What an answer has if there is anything to mask in it, in lower case: most have nothing, and are looked through once.
# Beginnings of tokens and addresses, words that names of secrets have, and their ends.
_SUSPECT = (
    *("@", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "whsec_", "akia", "eyj"),
    *("npm_", "pypi-", "dckr_pat_", "crh_", "-----begin"),
    *("token", "secret", "passw", "passphrase", "credential", "api_key", "api-key", "apikey", "private"),
    *("access_key", "access-key", "accesskey", "signature", "webhook", "cookie", "auth_config", "auth-config"),
    *("connection_string", "connection-string", "connectionstring", "authorization", "session", "csrf"),
    *("pass=", "pat=", "pwd=", "auth=", "key=", "dsn=", "jwt=", "-pass ", "-pat ", "-pwd ", "-auth ", "-key ", "-jwt "),
    *('pass"', 'pat"', 'pwd"', 'auth"', 'key"', 'dsn"', 'jwt"'),
)


def masked(value: Any, name: str = "") -> Any:
    """A JSON value without secrets and e-mail addresses; what is named like a secret is one."""
    if isinstance(value, str):
        if name and value and names_a_secret(name):
            return HIDDEN
        return mask_text(_mask_named(value) if name in _OF_COMMANDS else value)
    if isinstance(value, Mapping):
        return {mask_text(key): masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    return value


def is_suspect(text: str) -> bool:
    """Whether there may be something to mask in the JSON of an answer."""
    lowered = text.lower()
    return any(each in lowered for each in _SUSPECT)


def _mask_named(text: str) -> str:
    """What is given by a name that speaks of a secret, in a command or in what one wrote."""

    def hide(match: re.Match[str]) -> str:
        return f"{match[1]}{HIDDEN}" if names_a_secret(match["name"]) else match[0]

    return _VARIABLE.sub(hide, _OPTION.sub(hide, _HEADER.sub(rf"\1{HIDDEN}", text)))


def mask_text(text: str) -> str:
    """A text without secrets and e-mail addresses."""
    return _E_MAIL.sub(f"{HIDDEN}@{HIDDEN}", mask_addresses(_TOKEN.sub(HIDDEN, text)))
