from __future__ import annotations

import check_words
import pytest

RULES = check_words.rules_of(check_words.WORDS.read_text())


def phrases(text: str) -> list[tuple[int, str]]:
    return [(line, phrase.strip()) for line, phrase, _ in check_words.findings(text, RULES)]


@pytest.mark.parametrize(
    "text",
    [
        "That is no answer.",
        "5 failures are borne.",
        "one that comes behind the record",
        "It keeps doubles.",
        "Rows are read singly.",
        "If so, it goes. Else, it stays.",
        "None: to XCom. Else a URL.",
        "It would come again.",
        "what becomes of a call",
        "It takes a page for an answer.",
        "# Not a pool: it would wait.",
        "It just reads.",
        "so many bytes",
    ],
)
def test_a_phrase_is_found(text):
    assert len(phrases(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "It is no longer there.",
        "if x:\n    y()\nelse:\n    z()",
        "It takes seconds for that alone",
        "The rows are not one row.",
    ],
)
def test_what_reads_well_is_left_alone(text):
    assert phrases(text) == []


def test_a_phrase_is_found_across_the_ends_of_lines_and_its_line_is_named():
    text = '# First line.\n#\n# What becomes\n    # of it.\nx = (\n    "It is "\n    "no answer"\n)\n'
    assert phrases(text) == [(6, "is no"), (3, "becomes of")]


def test_the_whole_project_is_searched(tmp_path, capsys):
    (tmp_path / "docs" / "how-to").mkdir(parents=True)
    (tmp_path / "tests" / "fixtures").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "mkdocs.yml", "hatch_build.py"):
        (tmp_path / name).write_text("")
    assert check_words.main(tmp_path) == 0
    (tmp_path / "README.md").write_text("Fine.\nDoubles are kept.\n")
    (tmp_path / "docs" / "how-to" / "a.md").write_text("That is no page.\n")
    (tmp_path / "tests" / "fixtures" / "a.md").write_text("That is no page.\n")
    assert check_words.main(tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "README.md:2: 'Doubles' => duplicates",
        "docs/how-to/a.md:1: 'is no ' => is not a …",
    ]


def test_a_rule_without_advice_is_refused():
    with pytest.raises(ValueError, match="needs ' => '"):
        check_words.rules_of("a phrase\n")
