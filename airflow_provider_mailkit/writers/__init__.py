"""File formats: which one an output path asks for, whether it can be written here, and its writer."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from airflow_provider_mailkit._arguments import choice, known_end, optional
from airflow_provider_mailkit._shown import shown
from airflow_provider_mailkit.exceptions import MailkitArgumentError, MailkitEnvironmentError
from airflow_provider_mailkit.writers.base import Layout, Writer
from airflow_provider_mailkit.writers.compression import Compression, Sink

_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_WRITERS = {
    "jsonl": ("jsonl", "JsonlWriter"),
    "csv": ("csv", "CsvWriter"),
    "parquet": ("parquet", "ParquetWriter"),
}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_SUFFIXES = {compression: suffix for suffix, compression in _COMPRESSIONS.items()}
#: What the arguments may be.
SOME_FILE_FORMAT = choice(*_FORMATS.values())
FILE_FORMAT = optional(SOME_FILE_FORMAT)
COMPRESSION = optional(choice(*_COMPRESSIONS.values()))
# What is not part of a bare installation, and the extra that brings it.
_EXTRAS = {"parquet": ("pyarrow", "parquet"), "zstd": ("zstandard", "zstd")}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A file format and the compression around it.

    :param compression: ``gzip``, ``zstd`` or None; for Parquet it is inside and always ``zstd``.
    """

    file_format: str
    compression: Compression | None

    @property
    def writer(self) -> type[Writer]:
        """The class that writes it, which says what it needs."""
        module, name = _WRITERS[self.file_format]
        writer: type[Writer] = getattr(import_module(f"{__name__}.{module}"), name)
        return writer

    @property
    def suffix(self) -> str:
        """What the names of such files end with, such as ``.csv.gz``."""
        packing = "" if self.file_format == "parquet" else _SUFFIXES.get(self.compression or "", "")
        return f".{self.file_format}{packing}"

    def open(self, sink: Sink, layout: Layout) -> Writer:
        """Return a writer onto a sink that takes the finished bytes."""
        return self.writer(sink, layout, self.compression)


def choose_format(
    path: str,
    file_format: str | None = None,
    compression: str | None = None,
    *,
    argument: str = "output_path",
) -> OutputFormat:
    """Return the format for a path, having seen that it can be written and read here.

    :param argument: what the path is called in an error.
    :raises MailkitError: the format is not known, or the package that it needs is not installed.
    """
    chosen = name_format(path, file_format, compression, argument=argument)
    for need in (chosen.file_format, chosen.compression):
        # Parquet brings its own zstd.
        if need in _EXTRAS and not (chosen.file_format == "parquet" and need == "zstd"):
            module, extra = _EXTRAS[need]
            if find_spec(module) is None:
                raise MailkitEnvironmentError(
                    f"{need} needs the package {module}: pip install 'airflow-provider-mailkit[{extra}]'"
                )
    return chosen


def check_format(
    path: str,
    file_format: str | None = None,
    compression: str | None = None,
    *,
    argument: str = "output_path",
) -> None:
    """Check the format of a path of which templates may be a part, as far as it is known.

    :param argument: what the path is called in an error.
    :raises MailkitError: whatever is filled in, it will not be a format.
    """
    end = known_end(path)
    if file_format is not None or end == path or "/" in end or "." in end.removesuffix(_packing(end)):
        name_format(end, file_format, compression, argument=argument)


def name_format(
    path: str,
    file_format: str | None = None,
    compression: str | None = None,
    *,
    argument: str = "output_path",
) -> OutputFormat:
    """Return the format for a path: as the arguments say, or as its suffixes say.

    :param argument: what the path is called in an error.
    :raises MailkitError: the format is not known.
    """
    FILE_FORMAT("file_format", file_format)
    COMPRESSION("compression", compression)
    name = path.rsplit("/", 1)[-1].lower()
    packing = _packing(name)
    packed = _COMPRESSIONS.get(packing)
    stem = name.removesuffix(packing)
    suffix = next((kind for suffix, kind in _FORMATS.items() if stem.endswith(suffix)), None)
    kind = file_format or suffix
    if kind is None:
        raise MailkitArgumentError(
            f"{argument} must end with .jsonl or .csv (also followed by .gz or .zst), or with .parquet, not "
            f"as {shown(name)} does, or file_format must be jsonl, csv or parquet."
        )
    around = compression or packed
    if kind == "parquet":
        if around not in (None, "zstd") or packed:
            raise MailkitArgumentError(
                "Parquet is compressed inside, with zstd: leave out compression, .gz and .zst."
            )
        around = "zstd"
    elif packed and around != packed:
        raise MailkitArgumentError(
            f"{argument} ends with {packing}, but compression is {around}: keep one of them."
        )
    return OutputFormat(kind, cast("Compression | None", around))


def _packing(name: str) -> str:
    """Return the suffix of a compression that a name ends with, or an empty text."""
    return next((suffix for suffix in _COMPRESSIONS if name.lower().endswith(suffix)), "")
