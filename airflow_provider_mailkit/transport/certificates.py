"""Which server certificates are trusted: one rule for both clients."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from airflow_provider_mailkit.exceptions import MailkitEnvironmentError

#: The variables that name the trusted authorities. The first one that is set counts.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")

# Names that OpenSSL finds in a folder, as made by "openssl rehash".
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def tls_context(function: str, environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return the TLS context, which trusts the authorities that environment variables name.

    Without such variables it trusts the machine's authorities and those of certifi.

    :raises MailkitError: a variable names something without a certificate. No call was made.
    """
    for variable in CA_VARIABLES:
        if value := environment.get(variable, "").strip():
            # Only OpenSSL's own folder may be a list of folders.
            places = value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value]
            return _context(tuple(_place(function, variable, place) for place in places if place))
    return _context(())


# A file, a folder, and their times, so that a renewed bundle is read again.
_Place = tuple[str, bool, float]


def _place(function: str, variable: str, name: str) -> _Place:
    path = Path(name)
    try:
        place = (name, path.is_dir(), path.stat().st_mtime)
        if path.is_dir() and not any(_HASHED.fullmatch(entry.name) for entry in path.iterdir()):
            wrong = "holds no certificate under the names that 'openssl rehash' makes"
        else:
            # A file without certificates is an error.
            _context((place,))
            return place
    except FileNotFoundError:
        wrong = "does not exist"
    except ssl.SSLError:
        wrong = "holds no certificate in PEM format"
    except (OSError, ValueError) as error:
        wrong = f"cannot be read ({getattr(error, 'strerror', None) or 'it is not a path'})"
    raise MailkitEnvironmentError(
        f"{function}: the environment variable {variable} names {name!r}, which {wrong}. It must lead to the "
        "certificates of the authorities to trust. Correct it, or unset it to trust the machine's own.",
        function=function,
    )


@lru_cache(maxsize=8)
def _context(places: tuple[_Place, ...]) -> ssl.SSLContext:
    """Return a cached context, since reading the authorities takes a hundredth of a second."""
    if places:
        files = [name for name, is_folder, _ in places if not is_folder]
        folders = [name for name, is_folder, _ in places if is_folder]
        context = ssl.create_default_context(
            cafile=files[0] if files else None, capath=folders[0] if folders else None
        )
        for folder in folders[1:]:
            context.load_verify_locations(capath=folder)
    else:
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
